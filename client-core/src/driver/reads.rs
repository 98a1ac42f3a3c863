//! The last stage of a sync: telling the relay whose health checks were looked at here.
//!
//! It fails no sync. What the answer does not name stays, and goes with the next one.

use yizhan_proto::FaultCode;
use yizhan_proto::audit::CheckReads;
use yizhan_proto::limits::AUDIT_READS_MAX;
use yizhan_proto::version::ProtocolVersion;

use super::Driver;
use crate::engine::Input;
use crate::store::StoreError;
use crate::transport::TransportError;

impl Driver<'_> {
    /// Sends what waits, a batch at a time, until the relay has all of it, or does not take it now.
    ///
    /// # Errors
    /// [`StoreError`]; what was sent and not marked is sent again, and entered once.
    pub fn run_reads(&mut self) -> Result<(), StoreError> {
        let mut renewed = false;
        loop {
            let reads = self.store.reads_to_send(AUDIT_READS_MAX)?;
            if reads.is_empty() {
                return Ok(());
            }
            let request = CheckReads {
                version: ProtocolVersion::CURRENT,
                reads,
            };
            let token = self.store.access()?.token.unwrap_or_default();
            let entered = match self.transport.check_reads(&token, &request) {
                Ok(entered) => entered,
                Err(error) => {
                    let Some(challenge) = asks_for_a_token(&error).filter(|_| !renewed) else {
                        return Ok(());
                    };
                    renewed = true;
                    if matches!(self.renew(challenge)?, Input::TokenObtained { .. }) {
                        continue;
                    }
                    return Ok(());
                }
            };
            let now = self.clock.now();
            let marked = self.store.note_reads_entered(&entered.entries, now)?;
            if marked == 0 {
                return Ok(());
            }
            self.session.report.reads_entered += marked;
        }
    }
}

/// The challenge, perhaps, of a relay that wants a new token.
fn asks_for_a_token(error: &TransportError) -> Option<Option<Vec<u8>>> {
    let TransportError::Fault(fault) = error else {
        return None;
    };
    let token = [
        FaultCode::TokenMissing,
        FaultCode::TokenInvalid,
        FaultCode::TokenExpired,
        FaultCode::ChallengeInvalid,
    ];
    token.contains(&fault.code).then(|| fault.challenge.clone())
}
