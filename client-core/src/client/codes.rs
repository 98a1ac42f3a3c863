//! Check-in codes: shown by the driver's phone, scanned by the keeper's. No network is needed.

use yizhan_proto::checkin::CheckInCode;
use yizhan_proto::limits::CODE_LIFE_MS;
use yizhan_proto::{DocumentId, Nonce, StationId, Timestamp};

use super::{Client, ScanEntry, Scanned};
use crate::checkin::{self, Checked, Finding, NoCertificate};
use crate::error::ClientError;
use crate::model::enrolment::ScanResult;
use crate::model::{Command, visit};

/// A code as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeShown {
    /// What the QR holds.
    pub text: String,
    /// The showing.
    pub nonce: Nonce,
    /// Until when it is good, by this device's clock.
    pub good_until: Timestamp,
    /// Milliseconds it is good for.
    pub good_for_ms: i64,
    /// Until when the relay vouches for this device, by this device's clock; in the past: keepers
    /// are told so, and a sync renews it.
    pub vouched_until: Timestamp,
}

/// An arrival to record by a driver's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeVisit {
    /// The code's text.
    pub code: String,
    /// Where.
    pub station: StationId,
    /// When; `None`: this moment.
    pub arrived_at: Option<Timestamp>,
    /// Plate of the vehicle.
    pub vehicle_plate: Option<String>,
    /// Service codes asked for.
    pub requested: Vec<String>,
}

/// What a scan at an activity came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeScan {
    /// What the code says.
    pub checked: Checked,
    /// What was recorded of it.
    pub scanned: Scanned,
}

impl Client {
    /// Records that a driver's code was scanned at an activity (a keeper of its host station, or
    /// somebody with the health role there): a fact, whatever the code is worth. A driver without
    /// an enrolment gets one, as a walk-in. Works with no network.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`ClientError::Invalid`] if the text is no check-in code;
    /// [`ClientError::NotFound`] if the activity is not here.
    pub fn scan_code(&mut self, activity: DocumentId, text: &str) -> Result<CodeScan, ClientError> {
        let checked = self.check_code(text)?;
        let scanned = self.record_scan(ScanEntry {
            activity,
            driver: checked.driver,
            driver_name: checked.name.clone(),
            nonce: *checked.nonce.as_bytes(),
            result: scan_result(&checked, activity),
            code: Some(text.to_owned()),
        })?;
        Ok(CodeScan { checked, scanned })
    }

    /// A new code of this device's person, good for 90 seconds from this moment, for an arrival or
    /// for an activity. Works with no network.
    ///
    /// # Errors
    /// [`ClientError::RequiresPairing`] if the relay has never vouched for this device: sync once;
    /// [`ClientError::Store`].
    pub fn check_in_code(&self, activity: Option<DocumentId>) -> Result<CodeShown, ClientError> {
        let kit = self.store.check_in_kit()?.ok_or(NoCertificate)?;
        let now = self.clock.now();
        let issued_at = self.store.relay_time(now)?;
        let mut nonce = [0; 16];
        self.clock.fill_random(&mut nonce)?;
        let nonce = Nonce::from_bytes(nonce);
        let vouched_ms = kit.certificate.not_after.ms_since(issued_at);
        let mut code = CheckInCode::unsigned(
            kit.certificate,
            issued_at,
            issued_at.saturating_add_ms(CODE_LIFE_MS),
            nonce,
            activity,
        );
        code.signature = self.store.sign(&code.signed_bytes())?;
        Ok(CodeShown {
            text: code.to_string(),
            nonce,
            good_until: now.saturating_add_ms(CODE_LIFE_MS),
            good_for_ms: CODE_LIFE_MS,
            vouched_until: now.saturating_add_ms(vouched_ms),
        })
    }

    /// What a scanned code says, and whether to believe it. Works with no network.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] if the text is no check-in code; [`ClientError::Store`].
    pub fn check_code(&self, text: &str) -> Result<Checked, ClientError> {
        let code = CheckInCode::from_text(text)?;
        let kit = self.store.check_in_kit()?;
        let now = self.store.relay_time(self.clock.now())?;
        Ok(checkin::verify(&code, kit.as_ref(), now))
    }

    /// The visits here that were begun by this showing of a code, earliest first: more than one is
    /// the same arrival.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn visits_of_showing(&self, nonce: Nonce) -> Result<Vec<DocumentId>, ClientError> {
        Ok(self.store.visits_of_showing(nonce)?)
    }

    /// Records the arrival of the driver whose code was scanned (a keeper of the station). Whether
    /// the code is to be believed is for the caller to ask first ([`Client::check_code`]).
    ///
    /// # Errors
    /// As [`Client::edit`]; [`ClientError::Invalid`] if the text is no check-in code.
    pub fn start_visit_by_code(&mut self, start: CodeVisit) -> Result<DocumentId, ClientError> {
        CheckInCode::from_text(&start.code)?;
        let mut requested = Vec::with_capacity(start.requested.len());
        for service in start.requested {
            requested.push((self.new_entry_id()?, service));
        }
        let id = self.new_document_id()?;
        let command = visit::Command::CheckInByCode {
            code: start.code,
            station: start.station,
            arrived_at: start.arrived_at.unwrap_or_else(|| self.clock.now()),
            vehicle_plate: start.vehicle_plate,
            requested,
        };
        self.edit(id, &Command::Visit(command))?;
        Ok(id)
    }
}

/// What to record of a scan. A code for no activity in particular is good for any.
fn scan_result(checked: &Checked, activity: DocumentId) -> ScanResult {
    match checked.finding {
        Finding::Ok if checked.activity.is_some_and(|meant| meant != activity) => {
            ScanResult::WrongActivity
        }
        Finding::Ok => ScanResult::Ok,
        Finding::Expired => ScanResult::Expired,
        Finding::Revoked => ScanResult::Revoked,
        Finding::NotYetValid | Finding::Unverified(_) => ScanResult::Unverified,
    }
}
