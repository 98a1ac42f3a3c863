//! One consent of one driver, for one purpose, at one station.

use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::Document;
use super::document::{Register, Unreadable};

/// What a consent is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `visits`: keeping visits.
    Visits,
    /// `health_record`: taking and keeping health checks.
    HealthRecord,
    /// `share`: sharing with another station, until a date.
    Share,
    /// `photos`: photos of activities.
    Photos,
    /// `statistics`: statistics.
    Statistics,
}

/// Edits of a consent.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Gives it (the driver, or a keeper of the station as witness). Makes the document.
    Give {
        /// The driver.
        driver: PersonId,
        /// The station it is given to.
        station: StationId,
        /// What for.
        purpose: Purpose,
        /// When.
        given_at: Timestamp,
        /// The keeper who witnessed it on their own device: the author, if not the driver.
        witness: Option<PersonId>,
        /// The station to share with, for [`Purpose::Share`].
        share_with: Option<StationId>,
        /// In force until; needed for [`Purpose::Share`].
        until: Option<Timestamp>,
    },
    /// Withdraws it (the driver, or a keeper as witness).
    Withdraw {
        /// When.
        withdrawn_at: Timestamp,
    },
}

/// A consent as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// What for.
    pub purpose: Option<Purpose>,
    /// When given.
    pub given_at: Timestamp,
    /// Who witnessed it.
    pub witness: Option<PersonId>,
    /// Shared with.
    pub share_with: Option<StationId>,
    /// In force until.
    pub until: Option<Timestamp>,
    /// When withdrawn.
    pub withdrawn_at: Register<Timestamp>,
}

impl Consent {
    /// Reads a consent, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a consent.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let _ = document;
        todo!()
    }

    /// Whether it is in force at a time. Any withdrawal ends it, conflicting or not.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let _ = now;
        todo!()
    }
}
