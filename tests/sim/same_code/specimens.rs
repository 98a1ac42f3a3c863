//! One good change of each sort that people write, and some that are wrong.

use yizhan_client_core::model::activity::{self, Choice, NewActivity, Options, Sort, State};
use yizhan_client_core::model::check::{self, NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::enrolment::{
    self, Ask, First, NewEnrolment, NewRequest, NewScan, ScanResult,
};
use yizhan_client_core::model::notice::{self, Level, NewNotice};
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, PartyRole, Priority};
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Command, case_note, consent, station, visit};
use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, Role, StationId, Timestamp};
use yizhan_server::relay::NewDesk;
use yizhan_tests::world::{PhoneNo, World};

use crate::HOME;

/// A command, who gives it, and in which document.
#[derive(Debug, Clone)]
pub(super) struct Specimen {
    pub(super) by: PhoneNo,
    pub(super) document: DocumentId,
    pub(super) command: Command,
}

/// A driver, a keeper with the health role, a specialist, somebody else; and one document of most
/// kinds.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) stranger: PhoneNo,
    li: PhoneNo,
    wang: PhoneNo,
    chen: PhoneNo,
    station: StationId,
    now: Timestamp,
}

const VISIT: u8 = 1;
const CONSENT: u8 = 2;
const ACTIVITY: u8 = 3;
const TICKET: u8 = 4;
const NOTICE: u8 = 5;
/// A second activity, in which nobody has enrolled.
const OTHER_ACTIVITY: u8 = 6;
/// Nobody has made this one yet.
const NEW: u8 = 99;

fn document(n: u8) -> DocumentId {
    DocumentId::from_bytes([n; 16])
}

fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

fn region() -> RegionKey {
    "zhaoyuan".parse().unwrap()
}

fn desk() -> DeskKey {
    "zy-home".parse().unwrap()
}

impl Town {
    pub(super) fn new() -> Self {
        let mut world = World::new(1);
        let li = world.driver("李师傅");
        let wang = world.medic("王站长", HOME);
        let stranger = world.driver("孙师傅");
        let new = NewDesk {
            key: desk(),
            name: "服务台".to_owned(),
            region: region(),
            parent: None,
            station: None,
            classes: Vec::new(),
        };
        world.run(world.relay().add_desk(new)).unwrap();
        let chen = world.worker("陈专员", vec![Role::Specialist(desk())]);
        let mut town = Self {
            station: world.station(HOME),
            now: world.time().now(),
            world,
            stranger,
            li,
            wang,
            chen,
        };
        town.sync();
        let beginnings = [
            (li, VISIT, town.check_in()),
            (li, CONSENT, town.consent()),
            (wang, ACTIVITY, town.activity()),
            (wang, OTHER_ACTIVITY, town.activity()),
            (li, TICKET, town.raise()),
            (wang, NOTICE, town.notice()),
        ];
        for (by, n, command) in beginnings {
            town.enter(by, document(n), &command);
        }
        town.sync();
        let enrolment = town.enrolment(ACTIVITY);
        town.enter(li, town.enrolment_id(ACTIVITY), &enrolment);
        town.sync();
        town
    }

    fn sync(&mut self) {
        for _ in 0..2 {
            for phone in [self.li, self.wang, self.chen, self.stranger] {
                self.world.sync(phone);
            }
        }
    }

    fn enter(&mut self, by: PhoneNo, document: DocumentId, command: &Command) {
        let client = self.world.phone(by).client_mut();
        client.edit(document, command).unwrap();
    }

    fn driver(&self) -> PersonId {
        self.world.person(self.li)
    }

    fn keeper(&self) -> PersonId {
        self.world.person(self.wang)
    }

    fn enrolment_id(&self, activity: u8) -> DocumentId {
        enrolment::id_of(document(activity), self.driver())
    }

    fn check_in(&self) -> Command {
        Command::Visit(visit::Command::CheckIn {
            driver: self.driver(),
            driver_name: "李师傅".to_owned(),
            station: self.station,
            arrived_at: self.now,
            source: Source::DriverApp,
            vehicle_plate: Some("鲁F12345".to_owned()),
            requested: Vec::new(),
        })
    }

    fn consent(&self) -> Command {
        Command::Consent(consent::Command::Give {
            driver: self.driver(),
            station: self.station,
            purpose: Purpose::HealthRecord,
            given_at: self.now,
            witness: None,
            share_with: None,
            until: Some(self.now.saturating_add_ms(86_400_000)),
        })
    }

    fn check(&self) -> Command {
        let reading = |n: u8, item: Item, entered: &str| Reading {
            entry: entry(n),
            item,
            value: ReadingValue::Quantity {
                entered: entered.to_owned(),
                unit: item.unit().to_owned(),
                comparator: None,
            },
        };
        let neck = ReadingValue::Spine {
            finding: "tight".to_owned(),
            pain: 3,
        };
        Command::Check(check::Command::Create(NewCheck {
            driver: self.driver(),
            station: self.station,
            visit: Some(document(VISIT)),
            consent: document(CONSENT),
            by: self.keeper(),
            taken_at: self.now,
            readings: vec![
                reading(1, Item::Systolic, "126"),
                reading(2, Item::Diastolic, "82"),
                Reading {
                    entry: entry(3),
                    item: Item::Neck,
                    value: neck,
                },
            ],
            advice: vec!["rest".to_owned()],
            note: Some("少盐".to_owned()),
            replaces: None,
        }))
    }

    fn activity(&self) -> Command {
        Command::Activity(activity::Command::Create(NewActivity {
            region: region(),
            station: self.station,
            sort: Sort::Quiz,
            title: "圆桌党课".to_owned(),
            text: Some("知识竞答".to_owned()),
            starts_at: self.now,
            ends_at: self.now.saturating_add_ms(7_200_000),
            place: Some("大厅".to_owned()),
            capacity: Some(40),
            state: State::Open,
            quiz_draw: Some(3),
            by: self.keeper(),
        }))
    }

    fn request(&self, n: u8, what: Ask) -> NewRequest {
        NewRequest {
            entry: entry(n),
            what,
            lease: None,
            by: self.driver(),
            at: self.now,
        }
    }

    fn enrolment(&self, activity: u8) -> Command {
        Command::Enrolment(enrolment::Command::Create(NewEnrolment {
            driver: self.driver(),
            driver_name: "李师傅".to_owned(),
            activity: document(activity),
            station: self.station,
            first: First::Request(self.request(1, Ask::Enrol)),
        }))
    }

    fn raise(&self) -> Command {
        Command::Ticket(ticket::Command::Raise(Box::new(NewTicket {
            driver: self.driver(),
            driver_name: "李师傅".to_owned(),
            region: region(),
            desk: desk(),
            station: Some(self.station),
            visit: Some(document(VISIT)),
            activity: None,
            class: Class::Pay,
            title: "运费被拖欠三个月".to_owned(),
            text: "从三月起".to_owned(),
            raised_at: self.now,
            about: None,
            about_text: Some("某货主".to_owned()),
            phone: Some("0535-1".to_owned()),
            by: self.driver(),
        })))
    }

    fn notice(&self) -> Command {
        Command::Notice(notice::Command::Publish(NewNotice {
            region: Some(region()),
            station: Some(self.station),
            title: "今晚停水".to_owned(),
            text: "22点到6点".to_owned(),
            level: Level::Warning,
            published_at: self.now,
            until: Some(self.now.saturating_add_ms(3_600_000)),
            by: self.keeper(),
        }))
    }

    /// Good ones, none of which is anywhere yet.
    pub(super) fn specimens(&self) -> Vec<Specimen> {
        let mut specimens = vec![
            self.specimen(self.li, NEW, self.check_in()),
            self.specimen(self.li, NEW, self.consent()),
            self.specimen(self.wang, NEW, self.check()),
            self.specimen(self.wang, NEW, self.activity()),
            self.specimen(self.li, NEW, self.raise()),
            self.specimen(self.wang, NEW, self.notice()),
            Specimen {
                by: self.li,
                document: self.enrolment_id(OTHER_ACTIVITY),
                command: self.enrolment(OTHER_ACTIVITY),
            },
            self.specimen(self.chen, NEW, self.note()),
        ];
        specimens.extend(self.of_the_directory());
        specimens.extend(self.of_the_visit());
        specimens.extend(self.of_the_activity());
        specimens.extend(self.of_the_ticket());
        specimens
    }

    fn specimen(&self, by: PhoneNo, n: u8, command: Command) -> Specimen {
        Specimen {
            by,
            document: document(n),
            command,
        }
    }

    fn note(&self) -> Command {
        Command::CaseNote(case_note::Command::Create(case_note::NewNote {
            desk: desk(),
            region: region(),
            ticket: document(TICKET),
            by: self.world.person(self.chen),
            at: self.now,
            text: "货主有前例".to_owned(),
        }))
    }

    fn of_the_directory(&self) -> Vec<Specimen> {
        use station::Command as C;
        let of = |command| Specimen {
            by: self.wang,
            document: self.station.into(),
            command: Command::Station(command),
        };
        vec![
            of(C::SetBedsFree(3)),
            of(C::SetHours("全天".to_owned())),
            of(C::SetPhone("0535-1".to_owned())),
            of(C::SetOpen(true)),
            of(C::SetNotice("今晚停水".to_owned())),
            of(C::SetFacility {
                facility: "shower".to_owned(),
                offered: true,
            }),
        ]
    }

    fn of_the_visit(&self) -> Vec<Specimen> {
        use visit::Command as C;
        let of = |by, command| self.specimen(by, VISIT, Command::Visit(command));
        vec![
            of(self.li, C::CheckOut { left_at: self.now }),
            of(self.li, C::SetNote("车停在后院".to_owned())),
            of(self.wang, C::SetKeeperNote("已登记".to_owned())),
            of(self.li, C::Rate(5)),
            of(self.li, self.wants("meal", 2)),
            of(
                self.wang,
                C::Serve {
                    entry: entry(8),
                    service: "bed".to_owned(),
                    quantity: 1,
                    by: self.keeper(),
                    at: self.now,
                },
            ),
            self.specimen(
                self.li,
                CONSENT,
                Command::Consent(consent::Command::Withdraw {
                    withdrawn_at: self.now,
                }),
            ),
            self.specimen(
                self.wang,
                NOTICE,
                Command::Notice(notice::Command::Withdraw {
                    withdrawn_at: self.now,
                }),
            ),
        ]
    }

    fn wants(&self, service: &str, quantity: u32) -> visit::Command {
        visit::Command::Request {
            entry: entry(7),
            service: service.to_owned(),
            quantity,
            by: self.driver(),
            at: self.now,
        }
    }

    fn of_the_activity(&self) -> Vec<Specimen> {
        use activity::Command as A;
        use enrolment::Command as E;
        let of = |command| self.specimen(self.wang, ACTIVITY, Command::Activity(command));
        let enrolled = |by, command| Specimen {
            by,
            document: self.enrolment_id(ACTIVITY),
            command: Command::Enrolment(command),
        };
        let question = A::AddQuestion {
            entry: entry(9),
            text: "几小时必须休息?".to_owned(),
            options: Options {
                a: "2".to_owned(),
                b: "4".to_owned(),
                c: Some("6".to_owned()),
                d: None,
            },
            answer: Choice::B,
            by: self.keeper(),
            at: self.now,
        };
        let scan = NewScan {
            entry: entry(11),
            nonce: entry(12),
            result: ScanResult::Ok,
            code: Some("YZ1:abc".to_owned()),
            by: self.keeper(),
            at: self.now,
        };
        vec![
            of(question),
            of(A::SetCapacity(60)),
            of(A::SetState(State::Closed)),
            of(A::SetQuizDraw(5)),
            enrolled(self.li, E::Request(self.request(13, Ask::Cancel))),
            enrolled(self.wang, E::Scan(scan)),
            enrolled(
                self.li,
                E::Answer {
                    entry: entry(14),
                    question: entry(9),
                    choice: Choice::B,
                    at: self.now,
                },
            ),
            enrolled(self.li, E::Grade { score: 2, asked: 3 }),
            enrolled(
                self.li,
                E::Feedback {
                    rating: 5,
                    text: Some("讲得很清楚".to_owned()),
                },
            ),
            enrolled(self.wang, E::Certify("ZY-2026-017".to_owned())),
        ]
    }

    fn act(&self, by: PhoneNo, n: u8, act: Act) -> Specimen {
        let command = ticket::Command::Act {
            entry: entry(n),
            by: self.world.person(by),
            at: self.now,
            act,
        };
        self.specimen(by, TICKET, Command::Ticket(command))
    }

    fn of_the_ticket(&self) -> Vec<Specimen> {
        let words = || Some("属实".to_owned());
        let verify = Act::Verify {
            class: Some(Class::Labour),
            priority: Priority::Urgent,
            text: words(),
        };
        let resolve = Act::Resolve {
            text: "货主已付清".to_owned(),
            amount_fen: Some(3_600_000),
            outcome: Some(ticket::Outcome::Settled),
        };
        let assign = Act::Assign {
            first: self.world.person(self.chen),
            second: None,
            desk: desk(),
            instead_of: None,
        };
        let comment = ticket::Command::Comment {
            entry: entry(20),
            by: self.driver(),
            at: self.now,
            text: "还在等消息".to_owned(),
        };
        vec![
            self.act(self.wang, 21, verify),
            self.act(self.chen, 22, resolve),
            self.act(self.chen, 23, assign),
            self.act(
                self.li,
                24,
                Act::Rate {
                    rating: 4,
                    text: words(),
                },
            ),
            self.act(self.li, 25, Act::Withdraw { reason: words() }),
            self.specimen(self.li, TICKET, Command::Ticket(comment)),
            self.specimen(self.li, TICKET, self.party("某货主")),
        ]
    }

    fn party(&self, name: &str) -> Command {
        Command::Ticket(ticket::Command::AddParty {
            entry: entry(26),
            by: self.driver(),
            at: self.now,
            role: PartyRole::Merchant,
            name: name.to_owned(),
            contact: Some("0535-1".to_owned()),
        })
    }

    /// Wrong ones, as commands: values, and people.
    pub(super) fn wrong(&self) -> Vec<Specimen> {
        use activity::Command as A;
        use enrolment::Command as E;
        use visit::Command as V;
        let visit = |command| self.specimen(self.li, VISIT, Command::Visit(command));
        let activity = |command| self.specimen(self.wang, ACTIVITY, Command::Activity(command));
        let enrolled = |command| Specimen {
            by: self.li,
            document: self.enrolment_id(ACTIVITY),
            command: Command::Enrolment(command),
        };
        let early = self.now.saturating_add_ms(-60_000);
        let station = |by, command| Specimen {
            by,
            document: self.station.into(),
            command: Command::Station(command),
        };
        vec![
            visit(V::Rate(0)),
            visit(V::Rate(6)),
            visit(V::SetNote("长".repeat(6_000))),
            visit(V::CheckOut { left_at: early }),
            visit(self.wants("casino", 1)),
            visit(self.wants("meal", 1_001)),
            visit(V::SetKeeperNote("我是站长".to_owned())),
            station(self.wang, station::Command::SetBedsFree(10_001)),
            station(self.li, station::Command::SetBedsFree(1)),
            activity(A::SetCapacity(0)),
            activity(A::SetQuizDraw(51)),
            activity(A::Describe {
                title: Some("一\n二".to_owned()),
                text: None,
                place: None,
            }),
            enrolled(E::Feedback {
                rating: 9,
                text: None,
            }),
            enrolled(E::Grade {
                score: 51,
                asked: 50,
            }),
            enrolled(E::Certify("自己发的".to_owned())),
            self.specimen(self.li, TICKET, self.party("")),
            self.act(
                self.li,
                27,
                Act::Rate {
                    rating: 0,
                    text: None,
                },
            ),
            self.act(self.li, 28, Act::Start),
        ]
    }
}
