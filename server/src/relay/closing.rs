//! Stations that close, and open again.
//!
//! Nobody works at a closed station: the roles there end, and with them goes what its keepers'
//! devices hold, once their unsent work is uploaded. Nothing is erased, drivers keep what is theirs,
//! and the directory says that it is closed. Opening it gives the same people their roles back.

use yizhan_client_core::model::Command;
use yizhan_client_core::model::station::{Command as Edit, Station};
use yizhan_proto::{Kind, Role, StationId};

use super::Relay;
use super::audit;
use super::desks::{end_role, give_role};
use super::own::{Hand, OwnError, open};
use super::people::check_station;
use crate::audit::Action;
use crate::error::{PeopleError, RelayError};
use crate::store::LogTx;

impl Relay {
    /// Closes a station. How many roles ended; closing a closed one ends those that were given
    /// since, which nobody can.
    ///
    /// # Errors
    /// [`PeopleError::NoStation`]; [`PeopleError::Invalid`] if it cannot be written.
    pub async fn close_station(&self, station: StationId) -> Result<u64, PeopleError> {
        let hand = self.hand();
        self.people_job(move |tx| {
            check_station(tx, station)?;
            let mut ended = 0;
            for role in [Role::Keeper(station), Role::Health(station)] {
                for person in tx.holders(&role)? {
                    end_role(tx, person, &role, hand.now)?;
                    tx.suspend_role(station, person, &role)?;
                    tx.audit(&audit::role(hand.now, Action::RoleEnded, person, &role))?;
                    ended += 1;
                }
            }
            if !tx.is_station_closed(station)? {
                tx.set_station_closed(station, Some(hand.now))?;
                tx.audit(&audit::station(hand.now, Action::StationClosed, station))?;
            }
            say_open(tx, &hand, station, false)?;
            Ok(ended)
        })
        .await
    }

    /// Opens a station that was closed. How many roles came back.
    ///
    /// # Errors
    /// [`PeopleError::NoStation`]; [`PeopleError::Invalid`] if it is not closed, or cannot be
    /// written.
    pub async fn reopen_station(&self, station: StationId) -> Result<u64, PeopleError> {
        let hand = self.hand();
        self.people_job(move |tx| {
            check_station(tx, station)?;
            if !tx.is_station_closed(station)? {
                return Err(PeopleError::Invalid("the station is not closed".to_owned()));
            }
            tx.set_station_closed(station, None)?;
            tx.audit(&audit::station(hand.now, Action::StationReopened, station))?;
            let mut given = 0;
            for (person, role) in tx.take_suspended(station)? {
                let person = tx.person_of_alias(person)?.unwrap_or(person);
                // Somebody may be gone for good meanwhile.
                if let Some(row) = tx.person(person)? {
                    give_role(tx, person, &role, hand.now)?;
                    if !row.roles.contains(&role) {
                        tx.audit(&audit::role(hand.now, Action::RoleGiven, person, &role))?;
                    }
                    given += 1;
                }
            }
            say_open(tx, &hand, station, true)?;
            Ok(given)
        })
        .await
    }
}

/// Nobody is given a role at a closed station.
pub(super) fn check_open(tx: &LogTx<'_>, role: &Role) -> Result<(), PeopleError> {
    let (Role::Keeper(station) | Role::Health(station)) = role else {
        return Ok(());
    };
    if tx.is_station_closed(*station)? {
        return Err(PeopleError::Invalid(format!(
            "station {station} is closed; first: yizhan station reopen {station}"
        )));
    }
    Ok(())
}

/// Writes into the station whether it is open, if that is not what it says.
fn say_open(
    tx: &mut LogTx<'_>,
    hand: &Hand,
    station: StationId,
    is_open: bool,
) -> Result<(), PeopleError> {
    let unwritable =
        |problem: String| PeopleError::Invalid(format!("station {station}: {problem}"));
    let failed = |error: OwnError| match error {
        OwnError::Store(error) => PeopleError::Relay(RelayError::Storage(error)),
        OwnError::Refused(refusal) => unwritable(refusal.to_string()),
        OwnError::Unreadable(problem) => unwritable(problem),
    };
    let mut document = open(tx, station.into(), Kind::Station).map_err(failed)?;
    let says = Station::read(&document).map_err(|error| unwritable(error.to_string()))?;
    if says.open.value == Some(is_open) && !says.open.is_conflict() {
        return Ok(());
    }
    let command = Command::Station(Edit::SetOpen(is_open));
    hand.write(tx, &mut document, &command).map_err(failed)?;
    Ok(())
}
