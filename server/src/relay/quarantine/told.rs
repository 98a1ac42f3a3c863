//! Telling a device what was decided about its work, page by page.

use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_proto::DeviceId;
use yizhan_proto::limits::DECISIONS_MAX;
use yizhan_proto::sync::{Decisions, Outcome, Reason, Receipt};

use crate::relay::accept::Incoming;
use crate::store::rows::{ToldDecision, Verdict};
use crate::store::{LogTx, Snapshot, StoreError};

/// What was decided about a device's work after the decision numbered `after`; `None` for nothing.
/// Asking again with the same number gives the same again, and perhaps more.
pub(in crate::relay) fn decisions(
    snapshot: &Snapshot<'_>,
    device: DeviceId,
    after: u64,
) -> Result<Option<Decisions>, StoreError> {
    // One more than is told says whether there are more.
    let rows_max = u32::try_from(DECISIONS_MAX + 1).unwrap_or(u32::MAX);
    let mut rows = snapshot.decisions_of(device, after, rows_max)?;
    let more = rows.len() > DECISIONS_MAX;
    rows.truncate(DECISIONS_MAX);
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    Ok(Some(Decisions {
        until: last.n,
        receipts: rows.into_iter().map(receipt).collect(),
        more,
    }))
}

/// What is said of a change that a person has decided against.
pub(in crate::relay) fn rejected(
    tx: &LogTx<'_>,
    incoming: &Incoming,
) -> Result<Option<Outcome>, StoreError> {
    let reason = tx.rejection(incoming.document, incoming.hash)?;
    Ok(reason.map(|reason| {
        let refusal = Refusal::new(RefusalCode::QuarantineRejected).bound(reason);
        Outcome::Refused(Reason::from(&refusal))
    }))
}

fn receipt(decision: ToldDecision) -> Receipt {
    let refused = |refusal: &Refusal| Outcome::Refused(Reason::from(refusal));
    let outcome = match (decision.row.verdict, decision.stored) {
        (Verdict::Accepted, Some(stored)) => Outcome::Accepted(stored),
        // It was accepted, and erased with its document since.
        (Verdict::Accepted, None) => refused(&Refusal::new(RefusalCode::DocumentErased)),
        (Verdict::Rejected, _) => {
            let reason = decision.row.reason.unwrap_or_default();
            refused(&Refusal::new(RefusalCode::QuarantineRejected).bound(reason))
        }
    };
    Receipt {
        change: decision.row.hash,
        outcome,
    }
}
