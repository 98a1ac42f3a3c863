//! One edit: one command, one change, one commit. The network plays no part.

use rusqlite::{Transaction, params};
use yizhan_proto::{ActorId, ChangeHash, DocumentId, Incarnation, Kind, codec};

use super::changes::{self, ChangeRow, NewChange};
use super::documents::{self, DocumentRow};
use super::opened::{self, Opened};
use super::queries::consents;
use super::{
    ChangeState, EditError, Store, StoreError, apply, described, device, erased, instance, views,
};
use crate::clock::Clock;
use crate::model::consent::Purpose;
use crate::model::document::Unreadable;
use crate::model::outline::Routing;
use crate::model::{
    Author, Command, Document, Inspected, Known, Outline, Refusal, RefusalCode, Verdict, decide,
    gate, inspect,
};

impl Store {
    /// Carries out one edit as one change, in one commit. A command that makes a document is given
    /// a new id; any other, the id of a document that is here.
    ///
    /// # Errors
    /// [`EditError`]; nothing was stored then.
    pub fn edit(
        &mut self,
        document: DocumentId,
        command: &Command,
        clock: &dyn Clock,
    ) -> Result<ChangeHash, EditError> {
        let home = self.home.clone().filter(|_| !self.instance_settled);
        let change = self.write(|tx| {
            if let Some(home) = &home {
                instance::settle(tx, home, clock)?;
            }
            edit(tx, document, command, clock)
        })?;
        self.instance_settled = true;
        Ok(change)
    }
}

fn edit(
    tx: &Transaction<'_>,
    id: DocumentId,
    command: &Command,
    clock: &dyn Clock,
) -> Result<ChangeHash, EditError> {
    if apply::identity::is_nobodys(device::load(tx)?.identity.as_ref()) {
        // It would be refused at the relay, whatever it is, and go with the next exchange.
        return Err(Refusal::new(RefusalCode::DocumentErased)
            .at("author")
            .into());
    }
    let found = find(tx, id, command)?;
    let rows = match &found {
        Some(row) => changes::of_document(tx, row.n)?,
        None => Vec::new(),
    };
    let unreadable = |why: Unreadable| EditError::SetAside { document: id, why };
    let mut document = opened::open(id, command.kind(), &rows).map_err(unreadable)?;
    let chunk = write(tx, &mut document, found.as_ref(), command, clock)?;
    let change = inspect(&chunk)?;
    let outline = check(tx, id, command, found.as_ref(), &rows, &change, clock)?;
    let opened = Opened::read(&document, &rows).map_err(unreadable)?;

    let n = match &found {
        Some(row) => row.n,
        None => documents::create(tx, id, command.kind())?,
    };
    insert(tx, n, (&chunk, &change), command)?;
    if matches!(&opened, Opened::Check(check) if check.crisis) {
        hurry(tx, n, command.kind(), &change)?;
    }
    views::write(tx, n, &opened)?;
    views::attachment::write(tx, n, &document)?;
    tx.prepare_cached("UPDATE documents SET outline = ?2, view = ?3 WHERE n = ?1")?
        .execute(params![n, codec::encode(&outline), views::VIEW_VERSION])?;
    Ok(change.hash)
}

/// The document's row, if the command can be for it.
fn find(
    tx: &Transaction<'_>,
    id: DocumentId,
    command: &Command,
) -> Result<Option<DocumentRow>, EditError> {
    let found = documents::find(tx, id)?;
    if erased::is_erased(tx, id)? {
        return Err(Refusal::new(RefusalCode::DocumentErased).into());
    }
    match &found {
        None if !command.creates() => Err(EditError::NotHeld { document: id }),
        Some(row) if row.kind != command.kind() => Err(EditError::WrongKind {
            document: id,
            found: row.kind,
            wanted: command.kind(),
        }),
        Some(row) if row.set_aside.is_some() => Err(EditError::SetAside {
            document: id,
            why: Unreadable(row.set_aside.clone().unwrap_or_default()),
        }),
        None | Some(_) => Ok(found),
    }
}

fn write(
    tx: &Transaction<'_>,
    document: &mut Document,
    found: Option<&DocumentRow>,
    command: &Command,
    clock: &dyn Clock,
) -> Result<Vec<u8>, EditError> {
    let device = device::load(tx)?;
    let incarnation = found
        .and_then(|row| row.incarnation)
        .map_or(device.incarnation, Incarnation);
    let actor = ActorId::new(device.id, incarnation);
    Ok(document.write(actor, clock.now(), command)?)
}

/// Asks the gate, with what the phone knows.
fn check(
    tx: &Transaction<'_>,
    id: DocumentId,
    command: &Command,
    found: Option<&DocumentRow>,
    rows: &[ChangeRow],
    change: &Inspected,
    clock: &dyn Clock,
) -> Result<Outline, EditError> {
    let outline = match found {
        Some(row) => row.outline()?,
        None => None,
    };
    let device = device::load(tx)?;
    let known = Known {
        received_at: None,
        pardoned: false,
        last_ops: rows
            .iter()
            .filter(|row| change.deps.contains(&row.hash))
            .map(|row| (row.hash, row.last_op))
            .collect(),
        outlines: referred(tx, command, change)?,
        desks: device.desks(),
    };
    let author = device.author();
    match decide(
        id,
        command.kind(),
        outline.as_ref(),
        &author,
        change,
        &known,
    ) {
        Verdict::Accept(next) => {
            consented(tx, command, &next, &author, clock)?;
            Ok(*next)
        }
        Verdict::Needs(missing) => Err(EditError::Incomplete(missing)),
        // What a person would have to decide about at the relay (a consent that was withdrawn) is
        // known here in time: it is not written at all.
        Verdict::Refuse(refusal) | Verdict::Quarantine(refusal) => Err(refusal.into()),
    }
}

/// Nobody but the driver begins a visit at a station for which the driver has withdrawn the consent
/// to keep visits, as far as this phone knows.
fn consented(
    tx: &Transaction<'_>,
    command: &Command,
    next: &Outline,
    author: &Author,
    clock: &dyn Clock,
) -> Result<(), EditError> {
    let (true, Kind::Visit, Some(driver), Some(station)) = (
        command.creates(),
        command.kind(),
        next.routing.driver,
        next.routing.station,
    ) else {
        return Ok(());
    };
    if author.is(driver)
        || !consents::is_withdrawn(tx, driver, station, Purpose::Visits, clock.now())?
    {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::ConsentWithdrawn)
        .at("driver")
        .bound(Purpose::Visits.as_str())
        .into())
}

/// The outlines of what a new document refers to.
fn referred(
    tx: &Transaction<'_>,
    command: &Command,
    change: &Inspected,
) -> Result<std::collections::BTreeMap<DocumentId, Outline>, StoreError> {
    let mut outlines = std::collections::BTreeMap::new();
    for id in gate::references(command.kind(), change) {
        let held = match documents::find(tx, id)? {
            Some(row) => row.outline()?,
            None => None,
        };
        let outline = match held {
            Some(outline) => Some(outline),
            None if command.station().map(DocumentId::from) == Some(id) => stand_in(tx)?,
            None => None,
        };
        if let Some(outline) = outline {
            outlines.insert(id, outline);
        }
    }
    Ok(outlines)
}

/// A phone that never had the whole directory does not know every station: one that it has by its
/// QR code is taken on trust, and the relay decides. With the directory here, it is not.
fn stand_in(tx: &Transaction<'_>) -> Result<Option<Outline>, StoreError> {
    let complete: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM scopes WHERE scope LIKE 'region:%')
            AND NOT EXISTS (SELECT 1 FROM scopes
                            WHERE scope LIKE 'region:%' AND (live IS NULL OR floor > 0))",
        [],
        |row| row.get(0),
    )?;
    Ok((!complete).then(|| Outline {
        kind: Kind::Station,
        schema: 1,
        routing: Routing::default(),
        facts: crate::model::outline::Facts::default(),
        heads: Vec::new(),
        last_op: 0,
        actors: Vec::new(),
        bytes: 0,
    }))
}

fn insert(
    tx: &Transaction<'_>,
    document: i64,
    (chunk, change): (&[u8], &Inspected),
    command: &Command,
) -> Result<(), StoreError> {
    let new = NewChange {
        document,
        bytes: chunk,
        own: true,
        state: ChangeState::Unsent,
        stored: None,
        summary: Some(&described::describe(command)),
    };
    changes::insert(tx, &new, Some(change))?;
    Ok(())
}

/// A crisis goes to the head of what is sent, and what it refers to before it.
fn hurry(
    tx: &Transaction<'_>,
    document: i64,
    kind: Kind,
    change: &Inspected,
) -> Result<(), StoreError> {
    let mut statement =
        tx.prepare_cached("UPDATE changes SET urgent = 1 WHERE document = ?1 AND state = 0")?;
    statement.execute([document])?;
    for id in gate::references(kind, change) {
        if let Some(row) = documents::find(tx, id)? {
            statement.execute([row.n])?;
        }
    }
    Ok(())
}
