//! Every operation's place in its kind's table: known, written by the right person at the right
//! time, and with a value that fits.

use yizhan_proto::{Kind, PersonId};

use super::Case;
use crate::model::change::{Object, Op, OtherActor, Value};
use crate::model::draft::{Draft, Entry, Values};
use crate::model::outline::Routing;
use crate::model::rules::{
    Container, Field, Holds, What, When, Who, field_place, find, flag_place, id_of,
};
use crate::model::{Inspected, Refusal, RefusalCode};

/// Sorts the operations of a change into its kind's fields and entries; checks every value by itself.
pub(super) fn sort<'a>(case: &Case<'a>) -> Result<Draft<'a>, Refusal> {
    let mut draft = Draft::new(case.change, case.table);
    let mut flags: Flags = 0;
    for (index, op) in case.change.ops.iter().enumerate() {
        match place(case, op, &draft)? {
            Place::Root => root_field(case, op, index, &mut draft)?,
            Place::Container(at, container) => match container.holds {
                Holds::Entries(_) => entry(case, op, index, at, container, &mut draft)?,
                Holds::Flags(codes) => {
                    let place = (at, container, codes);
                    flag(case, op, index, place, &mut draft, &mut flags)?;
                }
                Holds::Nothing => return Err(refusal(RefusalCode::PathUnknown, container.name)),
            },
            Place::Entry(at) => entry_field(case, op, index, at, &mut draft)?,
        }
    }
    check_needed(case, &draft)?;
    Ok(draft)
}

enum Place {
    Root,
    Container(usize, &'static Container),
    /// An entry made in this change, by its position in the draft.
    Entry(usize),
}

fn refusal(code: RefusalCode, path: &str) -> Refusal {
    Refusal::new(code).at(path)
}

fn place(case: &Case<'_>, op: &Op, draft: &Draft<'_>) -> Result<Place, Refusal> {
    let change = case.change;
    let Object::Made(object) = op.object else {
        return Ok(Place::Root);
    };
    let unknown = || refusal(RefusalCode::PathUnknown, change.text(op.key));
    match change.other(object.actor) {
        Some(OtherActor::Genesis) => {
            let at = (object.counter as usize)
                .checked_sub(1)
                .ok_or_else(unknown)?;
            let container = case.table.containers.get(at).ok_or_else(unknown)?;
            Ok(Place::Container(at, container))
        }
        Some(OtherActor::Device(_)) => {
            Err(refusal(RefusalCode::FieldImmutable, change.text(op.key)))
        }
        None if u64::from(object.counter) < change.start_op => {
            Err(refusal(RefusalCode::FieldImmutable, change.text(op.key)))
        }
        // Entries stand in the order in which they are made.
        None => draft
            .entries
            .binary_search_by_key(&u64::from(object.counter), |entry| entry.made_by)
            .map(Place::Entry)
            .map_err(|_| unknown()),
    }
}

/// What an operation replaces was written in the same field, before this change.
fn check_preds(case: &Case<'_>, op: &Op, place: u16) -> Result<(), Refusal> {
    let change = case.change;
    for pred in change.preds_of(op) {
        let actor = match change.other(pred.actor) {
            None => Some(change.actor),
            Some(OtherActor::Device(actor)) => Some(actor),
            Some(OtherActor::Genesis) => None,
        };
        let is_write = case.outline.zip(actor).is_some_and(|(outline, actor)| {
            let writes = &outline.facts.writes;
            u64::from(pred.counter) < change.start_op
                && outline.actor_position(actor).is_ok_and(|actor| {
                    writes.iter().rev().any(|write| {
                        write.place == place
                            && write.counter == pred.counter
                            && usize::from(write.actor) == actor
                    })
                })
        });
        if !is_write {
            return Err(refusal(RefusalCode::PathUnknown, change.text(op.key))
                .bound("replaces only earlier writes of the same field"));
        }
    }
    Ok(())
}

fn root_field(
    case: &Case<'_>,
    op: &Op,
    index: usize,
    draft: &mut Draft<'_>,
) -> Result<(), Refusal> {
    let name = case.change.text(op.key);
    let Some((at, field)) = case.table.field(name) else {
        return Err(refusal(RefusalCode::PathUnknown, name));
    };
    if !case.creates && field.when != When::Always {
        let is_identity = matches!(field.what, What::OwnId | What::OwnKind | What::OwnSchema);
        let code = if is_identity {
            RefusalCode::DocumentExists
        } else {
            RefusalCode::FieldImmutable
        };
        return Err(refusal(code, name));
    }
    check_value(case, field, op.value, || name.to_owned())?;
    let place = field_place(at);
    check_preds(case, op, place)?;
    if !draft.root.set(at, index) {
        return Err(refusal(RefusalCode::FieldImmutable, name).bound("once in one change"));
    }
    if field.when == When::Always {
        draft.writes.push((place, index));
    }
    Ok(())
}

fn check_value(
    case: &Case<'_>,
    field: &Field,
    value: Value,
    path: impl Fn() -> String,
) -> Result<(), Refusal> {
    let change = case.change;
    let mismatch = || Err(Refusal::new(RefusalCode::IdentityMismatch).at(path()));
    let text = |span| change.text(span);
    match (field.what, value) {
        (What::OwnId, Value::Text(id)) if id_of(text(id)) == Some(*case.document.as_bytes()) => {
            Ok(())
        }
        (What::OwnKind, Value::Text(kind)) if text(kind) == case.kind.name() => Ok(()),
        (What::OwnSchema, Value::Int(schema)) if schema == i64::from(case.schema()) => Ok(()),
        (What::OwnId | What::OwnKind | What::OwnSchema, _) => mismatch(),
        (What::Author, Value::Text(by)) => match id_of(text(by)).map(PersonId::from_bytes) {
            Some(by) if case.author.is(by) => Ok(()),
            Some(_) => Err(Refusal::new(RefusalCode::ValueNotSelf).at(path())),
            None => Err(Refusal::new(RefusalCode::ValueType).at(path())),
        },
        (What::Author, _) => Err(Refusal::new(RefusalCode::ValueType).at(path())),
        (what, value) => what
            .check(value, change)
            .map_err(|misfit| misfit.at(path())),
    }
}

fn entry(
    case: &Case<'_>,
    op: &Op,
    index: usize,
    at: usize,
    container: &Container,
    draft: &mut Draft<'_>,
) -> Result<(), Refusal> {
    let key = case.change.text(op.key);
    let path = || format!("{}/{key}", container.name);
    if op.value != Value::Map {
        return Err(refusal(RefusalCode::ValueType, &path()).bound("an entry"));
    }
    if id_of(key).is_none() {
        return Err(refusal(RefusalCode::PathUnknown, &path()).bound("an id in lower case"));
    }
    let again = draft
        .entries
        .iter()
        .any(|entry| entry.container == at && case.change.text(entry.key) == key);
    if op.preds != 0 || again || (!case.creates && container.when != When::Always) {
        return Err(refusal(RefusalCode::FieldImmutable, &path()));
    }
    draft.entries.push(Entry {
        container: at,
        key: op.key,
        made_by: case.change.start_op + index as u64,
        values: Values::EMPTY,
    });
    Ok(())
}

/// The flags that one change writes, one bit each.
type Flags = u64;

fn flag(
    case: &Case<'_>,
    op: &Op,
    index: usize,
    container: (usize, &Container, &[&str]),
    draft: &mut Draft<'_>,
    flags: &mut Flags,
) -> Result<(), Refusal> {
    let (at, container, codes) = container;
    let key = case.change.text(op.key);
    let path = || format!("{}/{key}", container.name);
    let Some(code) = codes.iter().take(64).position(|code| *code == key) else {
        return Err(refusal(RefusalCode::ValueUnlisted, &path()).bound(codes.join(", ")));
    };
    if !matches!(op.value, Value::Bool(_)) {
        return Err(refusal(RefusalCode::ValueType, &path()).bound("true or false"));
    }
    let bit = 1 << code;
    let late = !case.creates && container.when != When::Always;
    if *flags & bit != 0 || late {
        return Err(refusal(RefusalCode::FieldImmutable, &path()));
    }
    *flags |= bit;
    let place = flag_place(at, code);
    check_preds(case, op, place)?;
    if container.when == When::Always {
        draft.writes.push((place, index));
    }
    Ok(())
}

fn entry_field(
    case: &Case<'_>,
    op: &Op,
    index: usize,
    at: usize,
    draft: &mut Draft<'_>,
) -> Result<(), Refusal> {
    let change = case.change;
    let Some((entry, container, fields)) = draft.entries.get_mut(at).and_then(|entry| {
        let container = case.table.containers.get(entry.container)?;
        match container.holds {
            Holds::Entries(fields) => Some((entry, container, fields)),
            Holds::Flags(_) | Holds::Nothing => None,
        }
    }) else {
        return Err(refusal(RefusalCode::PathUnknown, change.text(op.key)));
    };
    let (name, key) = (change.text(op.key), change.text(entry.key));
    let path = || format!("{}/{key}/{name}", container.name);
    let Some((at, field)) = find(fields, name) else {
        return Err(refusal(RefusalCode::PathUnknown, &path()));
    };
    check_value(case, field, op.value, path)?;
    if op.preds == 0 && entry.values.set(at, index) {
        Ok(())
    } else {
        Err(refusal(RefusalCode::FieldImmutable, &path()))
    }
}

/// What must be there is there: in a new document, and in each new entry.
fn check_needed(case: &Case<'_>, draft: &Draft<'_>) -> Result<(), Refusal> {
    if case.creates
        && let Some(field) = missing(case.table.fields, &draft.root)
    {
        return Err(refusal(RefusalCode::FieldMissing, field.name));
    }
    for entry in &draft.entries {
        let Some(container) = case.table.containers.get(entry.container) else {
            continue;
        };
        if let Holds::Entries(fields) = container.holds
            && let Some(field) = missing(fields, &entry.values)
        {
            let key = case.change.text(entry.key);
            let path = format!("{}/{key}/{}", container.name, field.name);
            return Err(refusal(RefusalCode::FieldMissing, &path));
        }
    }
    Ok(())
}

fn missing<'f>(fields: &'f [Field], values: &Values) -> Option<&'f Field> {
    fields
        .iter()
        .enumerate()
        .find(|(at, field)| field.when == When::Needed && !values.has(*at))
        .map(|(_, field)| field)
}

/// The author stands in a relation to the document that allows each of its places.
pub(super) fn check_author(case: &Case<'_>, draft: &Draft<'_>) -> Result<(), Refusal> {
    let who = draft.who;
    if who == Who::NOBODY {
        return Err(Refusal::new(RefusalCode::AuthorUnrelated));
    }
    for (at, field) in case.table.fields.iter().enumerate() {
        if draft.root.has(at) && !field.who.meets(who) {
            return Err(refusal(RefusalCode::FieldForbidden, field.name));
        }
    }
    for op in &case.change.ops {
        if let Some(container) = container_of(case.change, op, case.table.containers)
            && !container.who.meets(who)
        {
            return Err(refusal(RefusalCode::FieldForbidden, container.name));
        }
    }
    check_entries(case.change, draft, case.table.containers)
}

/// Some fields of an entry are for some of those who may make such entries.
fn check_entries(
    change: &Inspected,
    draft: &Draft<'_>,
    containers: &'static [Container],
) -> Result<(), Refusal> {
    for entry in &draft.entries {
        if let Some(container) = containers.get(entry.container)
            && let Holds::Entries(fields) = container.holds
            && let Some(field) = forbidden(fields, entry, draft.who)
        {
            let (key, name) = (change.text(entry.key), field.name);
            let path = format!("{}/{key}/{name}", container.name);
            return Err(refusal(RefusalCode::FieldForbidden, &path));
        }
    }
    Ok(())
}

fn forbidden(fields: &'static [Field], entry: &Entry, who: Who) -> Option<&'static Field> {
    let mut numbered = fields.iter().enumerate();
    let found = numbered.find(|(at, field)| entry.values.has(*at) && !field.who.meets(who));
    found.map(|(_, field)| field)
}

fn container_of(
    change: &Inspected,
    op: &Op,
    containers: &'static [Container],
) -> Option<&'static Container> {
    match op.object {
        Object::Made(object) if change.other(object.actor) == Some(OtherActor::Genesis) => {
            containers.get((object.counter as usize).checked_sub(1)?)
        }
        Object::Made(_) | Object::Root => None,
    }
}

/// How the author stands to a document with this routing.
pub(super) fn relations(case: &Case<'_>, routing: &Routing) -> Who {
    let author = case.author;
    let station = if case.kind == Kind::Station {
        Some(case.document.into())
    } else {
        routing.station
    };
    let is_driver = routing.driver.is_some_and(|driver| author.is(driver));
    let keeps = station.is_some_and(|station| author.keeps(station));
    let health = station.is_some_and(|station| author.takes_checks_at(station));
    let coordinates = routing
        .region
        .as_ref()
        .is_some_and(|region| author.coordinates(region));
    let desk = routing.desk.as_ref();
    let answers = desk.is_some_and(|desk| author.answers_at(desk));
    Who::DRIVER
        .when(is_driver)
        .or(Who::KEEPER.when(keeps))
        .or(Who::HEALTH.when(health))
        .or(Who::COORDINATOR.when(coordinates))
        .or(Who::SPECIALIST.when(answers))
        .or(Who::RELAY.when(author.relay))
}
