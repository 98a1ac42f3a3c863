//! The protocol's description lists every field that the rules know, with who writes it and when.

use yizhan_proto::Kind;

use crate::model::rules::{Field, Holds, Table, What, When, Who};

fn who(who: Who) -> String {
    [
        (Who::DRIVER, "driver"),
        (Who::KEEPER, "keeper"),
        (Who::HEALTH, "health"),
        (Who::SPECIALIST, "specialist"),
        (Who::COORDINATOR, "coordinator"),
        (Who::RELAY, "relay"),
    ]
    .iter()
    .filter(|(one, _)| who.meets(*one))
    .map(|(_, name)| *name)
    .collect::<Vec<_>>()
    .join(", ")
}

fn when(when: When) -> &'static str {
    match when {
        When::Needed => "at first, needed",
        When::Once => "at first",
        When::Always => "any time",
    }
}

fn what(what: What) -> String {
    let codes = |codes: &[&str]| format!("`{}`", codes.join("` `"));
    match what {
        What::OwnId => "the document's id".into(),
        What::OwnKind => "the kind's name".into(),
        What::OwnSchema => "the schema version".into(),
        What::Id => "UUID as text".into(),
        What::Author => "the author's person id as text".into(),
        What::Time => "time".into(),
        What::Flag => "true or false".into(),
        What::Whole(from, to) => format!("{from} to {to}"),
        What::Real(from, to) if from == f64::MIN && to == f64::MAX => "number".into(),
        What::Real(from, to) => format!("number, {from} to {to}"),
        What::Label => "short text, one line".into(),
        What::Prose => "text".into(),
        What::Listed(listed) => codes(listed),
        What::Region => "region key".into(),
        What::Key => "station key".into(),
        What::Desk => "desk key".into(),
        What::Hex(digits) => format!("{digits} of `0-9a-f`"),
    }
}

fn rows(above: &str, fields: &[Field], text: &mut String) {
    for field in fields {
        text.push_str(&format!(
            "| `{above}{}` | {} | {} | {} |\n",
            field.name,
            who(field.who),
            when(field.when),
            what(field.what)
        ));
    }
}

fn described(kind: Kind) -> String {
    let table = Table::of(kind).expect("a kind with rules");
    let mut text = "| field | written by | when | holds |\n| --- | --- | --- | --- |\n".to_owned();
    rows("", table.fields, &mut text);
    for container in table.containers {
        match container.holds {
            Holds::Entries(fields) => {
                rows(&format!("{}.ENTRY.", container.name), fields, &mut text)
            }
            Holds::Flags(codes) => text.push_str(&format!(
                "| `{}.CODE` | {} | {} | flag; `{}` |\n",
                container.name,
                who(container.who),
                when(container.when),
                codes.join("` `")
            )),
            Holds::Nothing => {}
        }
    }
    text
}

#[test]
fn every_field_is_described() {
    let protocol = include_str!("../../../../docs/PROTOCOL.md");
    let kinds = [
        Kind::Station,
        Kind::Activity,
        Kind::Notice,
        Kind::Visit,
        Kind::Check,
        Kind::Consent,
        Kind::Enrolment,
        Kind::Ticket,
        Kind::CaseNote,
    ];
    let missing: String = kinds
        .map(|kind| format!("#### `{kind}`\n\n{}\n", described(kind)))
        .into_iter()
        .filter(|described| !protocol.contains(described))
        .collect();
    assert!(missing.is_empty(), "docs/PROTOCOL.md lacks:\n{missing}");
}
