//! A request from its raising to its rating, with a note that only its desk reads.

use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, PartyRole, Priority};
use yizhan_client_core::model::{Command, case_note};
use yizhan_proto::DocumentId;

use super::{
    DRIVER, FIRST, KEEPER, LEADER, NOTE, RELAY, SECOND, TICKET, VISIT, at, desk, document, entry,
    person, region, station_id,
};

pub(super) fn a_ticket() -> Vec<(u8, DocumentId, Command)> {
    use ticket::Command as C;
    let of = |who, command| (who, document(TICKET), Command::Ticket(command));
    let act = |who, n, act| {
        let (entry, by, at) = (entry(n), person(who), at(i64::from(n)));
        of(who, C::Act { entry, by, at, act })
    };
    let words = || Some("属实".to_owned());
    let raise = C::Raise(Box::new(NewTicket {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        region: region(),
        desk: desk(),
        station: Some(station_id()),
        visit: Some(document(VISIT)),
        activity: None,
        class: Class::Pay,
        title: "运费被拖欠三个月".into(),
        text: "从三月起".into(),
        raised_at: at(5),
        about: None,
        about_text: Some("某货主".into()),
        phone: Some("0535-1".into()),
        by: person(DRIVER),
    }));
    let verify = Act::Verify {
        class: Some(Class::Labour),
        priority: Priority::Urgent,
        text: words(),
    };
    let assign = Act::Assign {
        first: person(FIRST),
        second: Some(person(SECOND)),
        desk: desk(),
        instead_of: None,
    };
    let resolve = Act::Resolve {
        text: "货主已付清".into(),
        amount_fen: Some(3_600_000),
        outcome: Some(ticket::Outcome::Settled),
    };
    let (rating, text) = (4, words());
    let comment = C::Comment {
        entry: entry(20),
        by: person(DRIVER),
        at: at(6),
        text: "还在等消息".into(),
    };
    let party = C::AddParty {
        entry: entry(26),
        by: person(DRIVER),
        at: at(7),
        role: PartyRole::Merchant,
        name: "某货主".into(),
        contact: Some("0535-1".into()),
    };
    let clocks = C::SetClocks {
        verify_due: Some(at(500)),
        response_due: None,
        solution_due: None,
        paused: Some(false),
    };
    let note = case_note::NewNote {
        desk: desk(),
        region: region(),
        ticket: document(TICKET),
        by: person(FIRST),
        at: at(8),
        text: "货主有前例".into(),
    };
    let note = Command::CaseNote(case_note::Command::Create(note));
    let (question, answer) = ("哪家货主?".to_owned(), "某货主".to_owned());
    vec![
        of(DRIVER, raise),
        of(RELAY, clocks),
        of(DRIVER, comment),
        of(DRIVER, party),
        act(KEEPER, 30, verify),
        (FIRST, document(NOTE), note),
        act(LEADER, 31, assign),
        act(FIRST, 32, Act::Start),
        act(SECOND, 33, Act::Ask { text: question }),
        act(DRIVER, 34, Act::Answer { text: answer }),
        act(FIRST, 35, resolve),
        act(DRIVER, 36, Act::Rate { rating, text }),
    ]
}
