//! Reports of a region after everything else: a coordinator's phone asks for each at most once in
//! most of a day. Nothing waits for them, and what goes wrong with them fails no sync.

use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::{ContentHash, FaultCode};

use super::Driver;
use crate::engine::Input;
use crate::model::report::Handed;
use crate::store::{SheetDue, StoreError};
use crate::transport::TransportError;

/// Milliseconds until a sheet that came is asked for again: less than a day, so that somebody who
/// syncs at the same time each day has it of that day.
const FRESH_MS: i64 = 20 * 60 * 60 * 1_000;
/// Milliseconds until a sheet is asked for again that did not come, if the relay names no longer time.
const RETRY_MS: i64 = 60 * 1_000;

/// What came of asking for one.
enum Came {
    /// A sheet, or that it has not changed.
    Answer(SheetAnswer, Option<Box<Handed>>),
    /// Not this one: ask again after so many milliseconds.
    NotThis(i64),
    /// None for the moment: ask again after so many milliseconds.
    NotNow(i64),
}

impl Driver<'_> {
    /// Asks for the sheets whose time has come. Documents are through by then, so whatever happens
    /// here is told by the report alone.
    pub fn run_sheets(&mut self) {
        let all_came = self.fetch_sheets();
        self.session.report.sheets_stopped = !matches!(all_came, Ok(true));
    }

    /// Whether all came that were asked for.
    fn fetch_sheets(&mut self) -> Result<bool, StoreError> {
        let due = self.store.sheets_due(self.clock.now(), FRESH_MS)?;
        let mut all_came = true;
        let mut may_renew = true;
        for sheet in due {
            let came = self.ask(&sheet, &mut may_renew)?;
            let at = |ms| self.clock.now().saturating_add_ms(ms);
            match came {
                Came::Answer(answer, handed) => {
                    self.session.report.sheets_received += u64::from(handed.is_some());
                    let ask_at = at(FRESH_MS);
                    self.store
                        .keep_sheet(&sheet, &answer, handed.as_deref(), ask_at)?;
                }
                Came::NotThis(ms) => {
                    all_came = false;
                    self.store.put_off_sheet(&sheet, at(ms))?;
                }
                Came::NotNow(ms) => {
                    self.store.put_off_sheet(&sheet, at(ms))?;
                    return Ok(false);
                }
            }
        }
        Ok(all_came)
    }

    fn ask(&mut self, sheet: &SheetDue, may_renew: &mut bool) -> Result<Came, StoreError> {
        let request = SheetRequest {
            what: sheet.what.as_str().to_owned(),
            region: sheet.region.clone(),
            months: None,
            have: sheet.have,
        };
        loop {
            let token = self.store.access()?.token.unwrap_or_default();
            let error = match self.transport.sheet(&token, &request) {
                Ok(answer) => return Ok(read(sheet, answer)),
                Err(error) => error,
            };
            let TransportError::Fault(fault) = &error else {
                return Ok(Came::NotNow(RETRY_MS));
            };
            let named = fault.retry_after_ms.unwrap_or(0);
            let named = i64::try_from(named).unwrap_or(FRESH_MS);
            let expired = [
                FaultCode::TokenExpired,
                FaultCode::TokenInvalid,
                FaultCode::TokenMissing,
            ];
            // The relay is older than reports, or the role has just ended, or there is more in the
            // report than is handed out.
            let for_long = [
                FaultCode::NotFound,
                FaultCode::Forbidden,
                FaultCode::TooLarge,
                FaultCode::Invalid,
            ];
            if expired.contains(&fault.code) && *may_renew {
                *may_renew = false;
                let renewed = self.renew(fault.challenge.clone())?;
                if matches!(renewed, Input::TokenObtained { .. }) {
                    continue;
                }
            }
            return Ok(if for_long.contains(&fault.code) {
                Came::NotThis(FRESH_MS)
            } else {
                Came::NotNow(named.clamp(RETRY_MS, FRESH_MS))
            });
        }
    }
}

/// An answer is taken whole, and only if it is what was asked for.
fn read(sheet: &SheetDue, answer: SheetAnswer) -> Came {
    let Some(body) = &answer.body else {
        return if sheet.have == Some(answer.version) {
            Came::Answer(answer, None)
        } else {
            Came::NotThis(RETRY_MS)
        };
    };
    match Handed::read(body) {
        Ok(handed)
            if ContentHash::of(body) == answer.version
                && handed.sheet.what == sheet.what
                && handed.region == sheet.region =>
        {
            Came::Answer(answer, Some(Box::new(handed)))
        }
        Ok(_) | Err(_) => Came::NotThis(RETRY_MS),
    }
}
