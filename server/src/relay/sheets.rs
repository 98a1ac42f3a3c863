//! Reports of a region, handed out to its coordinators: they hold none of the documents behind the
//! numbers, and read them offline all the same.
//!
//! A sheet tells each month by itself, with small numbers withheld by that month alone: whatever
//! months and days of sheets are laid side by side, a month says the same everywhere. What was made
//! is kept for a while, for the other coordinators and for a phone that comes back; the right to it
//! is looked at each time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use yizhan_client_core::model::report::{Handed, Month, Report, What, Where};
use yizhan_proto::limits::{SHEET_BYTES_MAX, SHEET_MONTHS_MAX};
use yizhan_proto::{ContentHash, DocumentId, RegionKey, Role, StationId, Timestamp};

use super::report::{BUSY_RETRY_MS, ReportWanted, months_in};
use super::{Caller, Relay};
use crate::error::{RelayError, SheetError};

/// Milliseconds for which a sheet is handed out again.
const KEPT_MS: u64 = 60 * 60 * 1_000;
/// Sheets kept at one time.
const KEPT_MAX: usize = 32;
/// Bytes of all sheets kept.
const KEPT_BYTES_MAX: usize = 8 * SHEET_BYTES_MAX;

/// What a coordinator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetWanted {
    /// Which report.
    pub what: What,
    /// About which region.
    pub region: RegionKey,
    /// The first and the last month; without them as many as there may be, up to the current one.
    pub months: Option<(Month, Month)>,
}

/// A sheet as it is handed out. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOut {
    /// When it was counted.
    pub made_at: Timestamp,
    /// The hash of the bytes.
    pub version: ContentHash,
    /// The message: see [`Handed::read`].
    pub body: Arc<[u8]>,
}

/// What a sheet is about: the same for everybody who may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    what: What,
    region: RegionKey,
    from: Month,
    to: Month,
}

/// The sheets made lately.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    kept: Mutex<VecDeque<Kept>>,
    /// Held while one is made.
    pub(super) making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    about: About,
    /// When it is made anew, in elapsed milliseconds of the clock.
    until_ms: u64,
    sheet: HandedOut,
}

impl Sheets {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, about: &About, now_ms: u64) -> Option<HandedOut> {
        let kept = self.kept();
        let mut good = kept.iter().filter(|kept| kept.until_ms > now_ms);
        let found = good.find(|kept| kept.about == *about)?;
        Some(found.sheet.clone())
    }

    /// Keeps a sheet; the oldest make room for it.
    fn keep(&self, about: About, sheet: HandedOut, now_ms: u64) {
        let mut kept = self.kept();
        kept.retain(|kept| kept.until_ms > now_ms && kept.about != about);
        kept.push_back(Kept {
            about,
            until_ms: now_ms.saturating_add(KEPT_MS),
            sheet,
        });
        let bytes = |kept: &VecDeque<Kept>| -> usize {
            kept.iter().map(|kept| kept.sheet.body.len()).sum()
        };
        while kept.len() > KEPT_MAX || bytes(&kept) > KEPT_BYTES_MAX {
            kept.pop_front();
        }
    }
}

impl Relay {
    /// A report of a region, for one of its coordinators: made lately, or made for this call.
    ///
    /// # Errors
    /// [`SheetError::NotCoordinated`] for everybody else; [`RelayError::Busy`] while another sheet is
    /// made; [`RelayError::Limit`] for too many months, or more numbers than a sheet holds;
    /// otherwise if the store fails.
    pub async fn sheet(
        &self,
        caller: &Caller,
        wanted: SheetWanted,
    ) -> Result<HandedOut, SheetError> {
        if !coordinates(&caller.identity.roles, &wanted.region) {
            return Err(SheetError::NotCoordinated(wanted.region));
        }
        let now = self.inner.clock.now();
        let zone = self.inner.calendar.zone().clone();
        let (from, to) = match wanted.months {
            Some(months) => months,
            None => latest(&zone, now).ok_or(RelayError::Internal("no month for the time"))?,
        };
        check(from, to)?;
        let about = About {
            what: wanted.what,
            region: wanted.region,
            from,
            to,
        };
        let sheets = &self.inner.sheets;
        let found = || sheets.find(&about, self.inner.clock.elapsed_ms());
        if let Some(found) = found() {
            return Ok(found);
        }
        let Ok(_alone) = sheets.making.try_lock() else {
            return Err(SheetError::Relay(RelayError::Busy {
                retry_after_ms: BUSY_RETRY_MS,
            }));
        };
        // Somebody else may have been handed it between the look and the lock.
        if let Some(found) = found() {
            return Ok(found);
        }
        let sheet = self.make_sheet(&about, zone, now).await?;
        sheets.keep(about, sheet.clone(), self.inner.clock.elapsed_ms());
        Ok(sheet)
    }

    async fn make_sheet(
        &self,
        about: &About,
        zone: TimeZone,
        made_at: Timestamp,
    ) -> Result<HandedOut, RelayError> {
        let stations = self.stations().await?;
        let id = |id: DocumentId| StationId::from_bytes(*id.as_bytes());
        let of_region = stations
            .iter()
            .filter(|station| station.region.as_ref() == Some(&about.region));
        let stations = of_region.map(|station| id(station.id)).collect();
        let wanted = ReportWanted {
            what: about.what,
            from: about.from,
            to: about.to,
            place: Where::Region(about.region.clone(), stations),
        };
        let name = zone_name(&zone);
        let months = months_in(zone);
        let sheet = self
            .add_up(wanted, months, |_, _| {}, Report::finish_by_month)
            .await?;
        let handed = Handed {
            region: about.region.clone(),
            from: about.from,
            to: about.to,
            zone: name,
            sheet,
        };
        let body = handed.bytes();
        if body.len() > SHEET_BYTES_MAX {
            return Err(RelayError::Limit {
                limit: "sheet_bytes_max",
                bound: SHEET_BYTES_MAX as u64,
                found: body.len() as u64,
            });
        }
        Ok(HandedOut {
            made_at,
            version: ContentHash::of(&body),
            body: body.into(),
        })
    }
}

/// Whether somebody with these roles coordinates the region.
fn coordinates(roles: &[Role], region: &RegionKey) -> bool {
    let own = |role: &Role| matches!(role, Role::Coordinator(own) if own == region);
    roles.iter().any(own)
}

/// As many months as a sheet may cover, up to the current one.
fn latest(zone: &TimeZone, now: Timestamp) -> Option<(Month, Month)> {
    let to = months_in(zone.clone())(now)?;
    let before = u16::try_from(SHEET_MONTHS_MAX).ok()?.saturating_sub(1);
    Some((to.earlier(before)?, to))
}

fn check(from: Month, to: Month) -> Result<(), RelayError> {
    match from.months_to(to) {
        0 => Err(RelayError::Invalid(format!(
            "from {from} lies after to {to}"
        ))),
        months if months > SHEET_MONTHS_MAX => Err(RelayError::Limit {
            limit: "sheet_months_max",
            bound: SHEET_MONTHS_MAX as u64,
            found: months as u64,
        }),
        _ => Ok(()),
    }
}

/// What people call the time zone.
fn zone_name(zone: &TimeZone) -> String {
    let offset = || zone.to_fixed_offset().map(|offset| offset.to_string());
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => offset().unwrap_or_else(|_| "of the relay's calendar".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn about(region: &str) -> About {
        About {
            what: What::Services,
            region: region.parse().unwrap(),
            from: month("2026-11"),
            to: month("2026-11"),
        }
    }

    fn sheet(bytes: usize) -> HandedOut {
        let body = vec![7; bytes];
        HandedOut {
            made_at: Timestamp::default(),
            version: ContentHash::of(&body),
            body: body.into(),
        }
    }

    #[test]
    fn only_coordinators_of_the_region_are_handed_its_sheets() {
        let region: RegionKey = "zhaoyuan".parse().unwrap();
        let other = Role::Coordinator("changzhou".parse().unwrap());
        let station = StationId::from_bytes([1; 16]);
        let others = [
            other.clone(),
            Role::Driver,
            Role::Operator,
            Role::Keeper(station),
            Role::Health(station),
        ];
        assert!(!coordinates(&others, &region));
        assert!(coordinates(
            &[other, Role::Coordinator(region.clone())],
            &region
        ));
    }

    #[test]
    fn thirteen_months_end_with_the_current_one_where_the_relay_counts() {
        // 2026-11-30 16:10 UTC: in China it is the first of December.
        let now = Timestamp::from_ms(1_796_055_000_000);
        let china = TimeZone::fixed(jiff::tz::offset(8));
        let latest_in = |zone: &TimeZone| latest(zone, now).unwrap();
        assert_eq!(latest_in(&china), (month("2025-12"), month("2026-12")));
        assert_eq!(
            latest_in(&TimeZone::UTC),
            (month("2025-11"), month("2026-11"))
        );
        assert_eq!(zone_name(&china), "+08");
        let (from, to) = latest_in(&china);
        assert!(check(from, to).is_ok());
        let early = check(month("2025-11"), to);
        assert!(matches!(early, Err(RelayError::Limit { found: 14, .. })));
        assert!(matches!(check(to, from), Err(RelayError::Invalid(_))));
    }

    #[test]
    fn what_is_kept_ends_and_is_bounded() {
        let sheets = Sheets::default();
        sheets.keep(about("a"), sheet(10), 0);
        assert_eq!(sheets.find(&about("a"), KEPT_MS - 1), Some(sheet(10)));
        assert_eq!(sheets.find(&about("a"), KEPT_MS), None);
        assert_eq!(sheets.find(&about("b"), 0), None);
        for number in 0..KEPT_MAX {
            sheets.keep(about(&format!("r{number}")), sheet(10), 1);
        }
        assert_eq!(sheets.find(&about("a"), 1), None, "the oldest made room");
        assert!(sheets.find(&about("r0"), 1).is_some());
        for number in 0..9 {
            sheets.keep(about(&format!("big{number}")), sheet(SHEET_BYTES_MAX), 2);
        }
        assert_eq!(sheets.find(&about("big0"), 2), None);
        assert_eq!(sheets.kept().len(), 8);
    }
}
