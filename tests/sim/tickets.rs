//! Tickets among phones that are away: the races that a widely used ticket system lost, and
//! escalation.

use yizhan_client_core::client::TicketEntry;
use yizhan_client_core::model::ticket::fold::{Folded, Step, Why};
use yizhan_client_core::model::ticket::{Act, Class, Priority, Ticket};
use yizhan_client_core::store::TicketFilter;
use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, Role};
use yizhan_server::relay::NewDesk;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// People around one desk.
struct Office {
    world: World,
    driver: PhoneNo,
    keeper: PhoneNo,
    first: PhoneNo,
    second: PhoneNo,
    leader: PhoneNo,
    above: PhoneNo,
}

fn region() -> RegionKey {
    "zhaoyuan".parse().unwrap()
}

fn desk() -> DeskKey {
    "zy-rights".parse().unwrap()
}

fn desk_above() -> DeskKey {
    "zy-city".parse().unwrap()
}

impl Office {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        for (key, parent) in [(desk_above(), None), (desk(), Some(desk_above()))] {
            let new = NewDesk {
                name: key.to_string(),
                key,
                region: region(),
                parent,
                station: None,
                classes: vec![],
            };
            world.run(world.relay().add_desk(new)).unwrap();
        }
        let specialist = |desk: DeskKey| vec![Role::Specialist(desk)];
        Self {
            driver: world.driver("王师傅"),
            keeper: world.keeper("李站长", HOME),
            first: world.worker("小张", specialist(desk())),
            second: world.worker("小陈", specialist(desk())),
            leader: world.worker("周主任", vec![Role::Coordinator(region())]),
            above: world.worker("市专员", specialist(desk_above())),
            world,
        }
    }

    fn everybody(&self) -> [PhoneNo; 5] {
        [
            self.driver,
            self.keeper,
            self.first,
            self.second,
            self.leader,
        ]
    }

    fn person(&self, phone: PhoneNo) -> PersonId {
        self.world.person(phone)
    }

    fn raise(&mut self, title: &str) -> DocumentId {
        let station = self.world.station(HOME);
        let phone = self.world.phone(self.driver);
        phone
            .client_mut()
            .raise_ticket(TicketEntry {
                driver: None,
                own_name: None,
                station: Some(station),
                visit: None,
                activity: None,
                desk: Some((desk(), region())),
                class: Class::Pay,
                title: title.to_owned(),
                text: "三月到五月".to_owned(),
                about: None,
                about_text: None,
                phone: None,
            })
            .unwrap()
    }

    fn act(&mut self, phone: PhoneNo, ticket: DocumentId, act: Act) -> EntryId {
        let client = self.world.phone(phone).client_mut();
        client.act_on_ticket(ticket, act).unwrap()
    }

    fn verify(&mut self, ticket: DocumentId) {
        let act = Act::Verify {
            class: None,
            priority: Priority::Normal,
            text: None,
        };
        self.act(self.keeper, ticket, act);
    }

    fn assign(&mut self, by: PhoneNo, ticket: DocumentId, first: PhoneNo, second: PhoneNo) {
        let (first, second) = (self.person(first), self.person(second));
        let client = self.world.phone(by).client_mut();
        client.assign_ticket(ticket, first, Some(second)).unwrap();
    }

    /// A ticket that is verified and assigned, as everybody knows.
    fn assigned(&mut self) -> DocumentId {
        let ticket = self.raise("运费被拖欠");
        self.world.run_until_quiet();
        self.verify(ticket);
        self.world.run_until_quiet();
        self.assign(self.leader, ticket, self.first, self.second);
        self.world.run_until_quiet();
        ticket
    }

    fn read(&mut self, phone: PhoneNo, ticket: DocumentId) -> Ticket {
        let detail = self.world.phone(phone).client().ticket(ticket).unwrap();
        detail.ticket
    }

    /// What everybody shows once all is quiet: the same.
    fn agreed(&mut self, ticket: DocumentId) -> Ticket {
        self.world.run_until_quiet();
        let shown = self.read(self.driver, ticket);
        for phone in self.everybody() {
            assert_eq!(self.read(phone, ticket), shown);
        }
        shown
    }
}

fn superseded(ticket: &Ticket) -> Vec<&Folded> {
    let events = ticket.events.iter();
    events
        .filter(|folded| folded.superseded.is_some())
        .collect()
}

#[test]
fn zammad_246_a_lost_lock_two_specialists_start_at_once() {
    for seed in seeds(2) {
        let mut office = Office::new(seed);
        let ticket = office.assigned();
        let (first, second) = (office.first, office.second);
        for phone in [first, second] {
            office.world.go_offline(phone);
            office.act(phone, ticket, Act::Start);
            // Each believes to be the one: nobody is refused at the tap.
            assert!(superseded(&office.read(phone, ticket)).is_empty());
        }
        let (early, late) = if seed % 2 == 0 {
            (first, second)
        } else {
            (second, first)
        };
        office.world.come_online(early);
        office.world.sync(early);
        office.world.come_online(late);
        let shown = office.agreed(ticket);
        assert_eq!(shown.state.step, Step::Handling);
        let lost = superseded(&shown);
        assert_eq!(lost.len(), 1, "both are kept, one does not count");
        assert_eq!(lost[0].event.by, office.person(late));
        assert_eq!(lost[0].superseded.unwrap().why, Why::AfterStarted);
        let leader = office.leader;
        let listed = office
            .world
            .phone(leader)
            .client()
            .ticket_reviews(None)
            .unwrap();
        assert_eq!(listed.len(), 1);
        let (event, text) = (listed[0].entry, Some("说清了".to_owned()));
        office.act(leader, ticket, Act::Review { event, text });
        assert_eq!(office.agreed(ticket).to_review().count(), 0);
    }
}

#[test]
fn zammad_3156_an_assignment_race_has_one_winner() {
    let mut office = Office::new(1);
    let ticket = office.raise("运费被拖欠");
    office.world.run_until_quiet();
    office.verify(ticket);
    office.world.run_until_quiet();
    let (first, second, leader) = (office.first, office.second, office.leader);
    for phone in [leader, first] {
        office.world.go_offline(phone);
    }
    office.assign(leader, ticket, first, second);
    office.assign(first, ticket, second, first);
    office.world.come_online(first);
    office.world.sync(first);
    office.world.come_online(leader);
    let shown = office.agreed(ticket);
    assert_eq!(shown.state.first, Some(office.person(second)));
    let lost = superseded(&shown);
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].superseded.unwrap().why, Why::AssignedSince);
    assert_eq!(lost[0].event.by, office.person(leader));
    // Knowing what stands, the coordinator's word counts.
    office.assign(leader, ticket, first, second);
    assert_eq!(
        office.agreed(ticket).state.first,
        Some(office.person(first))
    );
}

#[test]
fn zammad_1216_two_people_merge_in_opposite_directions() {
    let mut office = Office::new(1);
    let (one, two) = (office.raise("运费被拖欠"), office.raise("三个月没有结"));
    office.world.run_until_quiet();
    let (first, second) = (office.first, office.second);
    for (phone, from, to) in [(first, one, two), (second, two, one)] {
        office.world.go_offline(phone);
        office.act(phone, from, Act::Link { ticket: to });
    }
    office.world.come_online(second);
    office.world.come_online(first);
    for ticket in [one, two] {
        assert_eq!(office.agreed(ticket).state.step, Step::Raised);
        for phone in office.everybody() {
            let detail = office.world.phone(phone).client().ticket(ticket).unwrap();
            assert_eq!(detail.group, [one.min(two), one.max(two)]);
        }
    }
}

#[test]
fn zammad_3877_no_update_is_lost_under_load() {
    let mut office = Office::new(1);
    let ticket = office.assigned();
    let mut writers = office.everybody().to_vec();
    for name in ["二号站长", "三号站长", "四号站长"] {
        let keeper = office.world.keeper(name, HOME);
        writers.push(keeper);
    }
    office.world.run_until_quiet();
    assert_eq!(writers.len(), 8);
    let rounds = 5;
    for round in 0..rounds {
        for (number, phone) in writers.iter().enumerate() {
            office.world.go_offline(*phone);
            for entry in 0..5 {
                let text = format!("{round} {number} {entry}");
                let client = office.world.phone(*phone).client_mut();
                client.comment_on_ticket(ticket, &text).unwrap();
                let act = if number == 0 {
                    Act::Rate {
                        rating: 5,
                        text: Some(text),
                    }
                } else {
                    Act::Link {
                        ticket: other(number, entry),
                    }
                };
                // Drivers and keepers, specialists and coordinators: all at once.
                office.act(*phone, ticket, act);
            }
        }
        for phone in writers.iter().rev() {
            office.world.come_online(*phone);
            office.world.sync(*phone);
        }
    }
    let shown = office.agreed(ticket);
    assert_eq!(shown.comments.len(), 8 * 5 * rounds);
    assert_eq!(shown.events.len(), 2 + 8 * 5 * rounds);
    let (counted, lost) = (shown.counted().count(), superseded(&shown).len());
    assert_eq!(counted + lost, shown.events.len());
}

fn other(number: usize, entry: u8) -> DocumentId {
    let mut bytes = [0x77; 16];
    bytes[0] = u8::try_from(number).unwrap();
    bytes[1] = entry;
    DocumentId::from_bytes(bytes)
}

/// Withdrawn offline by the driver, started offline by the pair: whoever the relay hears first.
#[test]
fn withdrawing_and_starting_at_once_leaves_one_true_state() {
    for driver_first in [true, false] {
        let mut office = Office::new(1);
        let ticket = office.assigned();
        let (driver, first) = (office.driver, office.first);
        for phone in [driver, first] {
            office.world.go_offline(phone);
        }
        office.act(driver, ticket, Act::Withdraw { reason: None });
        office.act(first, ticket, Act::Start);
        for phone in if driver_first {
            [driver, first]
        } else {
            [first, driver]
        } {
            office.world.come_online(phone);
            office.world.sync(phone);
        }
        let shown = office.agreed(ticket);
        assert_eq!(shown.state.step, Step::Withdrawn);
        let lost: Vec<String> = superseded(&shown)
            .iter()
            .filter_map(|folded| folded.superseded.map(|why| why.to_string()))
            .collect();
        let expected: &[&str] = if driver_first {
            &["handling started after it was withdrawn"]
        } else {
            &[]
        };
        assert_eq!(lost, expected);
    }
}

#[test]
fn an_escalated_ticket_leaves_one_desk_and_joins_the_other() {
    let mut office = Office::new(1);
    let ticket = office.assigned();
    let (leader, first, above) = (office.leader, office.first, office.above);
    let client = office.world.phone(leader).client_mut();
    let known = client.desks().unwrap();
    assert!(known.iter().any(|known| known.key == desk_above()));
    client.escalate_ticket(ticket, None, None).unwrap();
    office.world.run_until_quiet();
    let listed = |office: &mut Office, phone: PhoneNo| {
        let client = office.world.phone(phone).client();
        let rows = client.tickets(&TicketFilter::default()).unwrap();
        rows.into_iter().map(|row| row.desk).collect::<Vec<_>>()
    };
    assert_eq!(listed(&mut office, first), [""; 0], "it has left the desk");
    assert_eq!(listed(&mut office, above), [desk_above().to_string()]);
    let driver = office.driver;
    assert_eq!(listed(&mut office, driver), [desk_above().to_string()]);
    let shown = office.read(above, ticket);
    assert_eq!(
        (shown.state.step, shown.state.first),
        (Step::Verified, None)
    );
}
