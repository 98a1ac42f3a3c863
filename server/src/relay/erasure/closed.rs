//! What is never taken again.

use yizhan_client_core::model::{Inspected, gate};
use yizhan_proto::Kind;

use crate::relay::accept::Incoming;
use crate::store::rows::DocumentRow;
use crate::store::{LogTx, StoreError};

/// Whether a change is about something that was erased: its document, the driver whom a new
/// document is about, or the ticket that a new note is on.
pub(in crate::relay) fn is_closed(
    tx: &LogTx<'_>,
    incoming: &Incoming,
    change: &Inspected,
    known: Option<&DocumentRow>,
) -> Result<bool, StoreError> {
    if !tx.has_erased() {
        return Ok(false);
    }
    if tx.is_erased(incoming.document)? {
        return Ok(true);
    }
    if known.is_some() {
        return Ok(false);
    }
    if let Some(driver) = gate::driver(change)
        && tx.erasure_of_person(driver)?.is_some()
    {
        return Ok(true);
    }
    if incoming.kind == Kind::CaseNote {
        for ticket in gate::references(incoming.kind, change) {
            if tx.is_erased(ticket)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
