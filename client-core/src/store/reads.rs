//! Who looked at whose health check on this device: kept until the relay has entered it in its
//! audit log.
//!
//! One look is one row a check, sort of screen and hour, so that a list opened ten times in a
//! minute is one look. One's own checks are nobody else's business, and are not noted. Care comes first: where a look
//! cannot be noted (the disk is full, another program holds the store) the check is shown all the
//! same; the look is kept in memory, noted with the next one, and counted until then.

use core::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use yizhan_proto::audit::{CheckRead, Screen};
use yizhan_proto::{DocumentId, EntryId, PersonId, Timestamp};

use super::sql::{bytes, time, uint};
use super::{Store, StoreError, device};
use crate::clock::Clock;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Looks that wait in memory for a disk with room.
const WAITING_MAX: usize = 4_096;
/// How long a look may keep a screen waiting for another process.
const BUSY_MS: u64 = 100;
/// The usual wait; see `open`.
const BUSY_USUAL_MS: u64 = 5_000;

/// Somebody else's check, shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    person: PersonId,
    document: DocumentId,
    screen: Screen,
    at: Timestamp,
}

impl Look {
    /// Whether both are one.
    fn is(self, other: Self) -> bool {
        let key = |look: Self| (look.person, look.document, look.screen, hour_of(look.at));
        key(self) == key(other)
    }
}

/// Looks that could not be noted.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    looks: Vec<Look>,
    lost: u64,
}

impl Waiting {
    fn len(&self) -> u64 {
        self.lost.saturating_add(self.looks.len() as u64)
    }

    fn push(&mut self, look: Look) {
        if self.looks.iter().any(|known| known.is(look)) {
            return;
        }
        if self.looks.len() < WAITING_MAX {
            self.looks.push(look);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }
}

/// The hour that a time falls into: two looks in the same are one. A clock set back or forward
/// makes one look two, and never two one.
pub(super) const fn hour_of(at: Timestamp) -> i64 {
    at.as_ms().div_euclid(HOUR_MS)
}

impl Store {
    /// Notes that checks were shown: each with the driver it is about.
    pub(crate) fn note_reads(
        &self,
        checks: impl IntoIterator<Item = (DocumentId, PersonId)>,
        screen: Screen,
        clock: &dyn Clock,
    ) {
        let mut waiting = self.unnoted.borrow_mut();
        let mut looks = std::mem::take(&mut waiting.looks);
        let checks: Vec<_> = checks.into_iter().collect();
        match self.looks_of(&checks, screen, clock.now()) {
            Ok(new) => looks.extend(new),
            // Not even whose phone this is can be read; nothing was shown from such a store.
            Err(_) => waiting.lost = waiting.lost.saturating_add(checks.len() as u64),
        }
        if looks.is_empty() {
            return;
        }
        if self.keep(&looks, clock).is_err() {
            for look in looks {
                waiting.push(look);
            }
        }
    }

    /// The checks of others among these that were not noted in this hour.
    fn looks_of(
        &self,
        checks: &[(DocumentId, PersonId)],
        screen: Screen,
        at: Timestamp,
    ) -> Result<Vec<Look>, StoreError> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            let device = device::load(connection)?;
            let (own, person) = (device.people(), device.person());
            let mut looks = Vec::new();
            for (document, driver) in checks {
                let look = Look {
                    person,
                    document: *document,
                    screen,
                    at,
                };
                if !own.contains(driver) && !is_noted(connection, look)? {
                    looks.push(look);
                }
            }
            Ok(looks)
        })
    }

    /// Writes looks, in one step of its own.
    fn keep(&self, looks: &[Look], clock: &dyn Clock) -> Result<(), StoreError> {
        let wait = |ms| self.connection.busy_timeout(Duration::from_millis(ms));
        wait(BUSY_MS)?;
        let kept = || -> Result<(), StoreError> {
            let tx = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            drop_old(&tx, clock.now())?;
            for look in looks {
                let mut random = [0; 10];
                clock.fill_random(&mut random)?;
                let unix_ms = u64::try_from(look.at.as_ms()).unwrap_or(0);
                put(&tx, EntryId::new_v7(unix_ms, random), *look)?;
            }
            Ok(tx.commit()?)
        };
        let kept = kept();
        wait(BUSY_USUAL_MS)?;
        kept
    }

    /// The driver of a check that is shown among other things, if it is one.
    pub(crate) fn driver_of_check(
        &self,
        check: DocumentId,
    ) -> Result<Option<PersonId>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT v.driver FROM documents d JOIN checks_view v ON v.document = d.n
                       WHERE d.id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let driver = statement.query_row([check.as_bytes()], |row| {
                bytes(row, 0, PersonId::from_bytes)
            });
            Ok(driver.optional()?)
        })
    }

    /// Looks that the relay does not have, oldest first, at most `limit`.
    ///
    /// Those of somebody for whom the device acted before it was paired anew stay here: the relay would
    /// take them for looks of whoever it acts for today.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reads_to_send(&self, limit: usize) -> Result<Vec<CheckRead>, StoreError> {
        self.read(|connection| {
            let own = device::load(connection)?.people();
            let mut statement = connection.prepare_cached(
                "SELECT entry, document, at, screen, person FROM check_reads
                 WHERE sent = 0 ORDER BY at, entry",
            )?;
            let mut rows = statement.query([])?;
            let mut reads = Vec::new();
            while let Some(row) = rows.next()? {
                if reads.len() == limit {
                    break;
                }
                if own.contains(&bytes(row, 4, PersonId::from_bytes)?) {
                    reads.push(CheckRead {
                        entry: bytes(row, 0, EntryId::from_bytes)?,
                        document: bytes(row, 1, DocumentId::from_bytes)?,
                        at: time(row, 2)?,
                        screen: Screen::from_code(row.get(3)?),
                    });
                }
            }
            Ok(reads)
        })
    }

    /// The relay has entered these. Returns how many of them were waiting.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_reads_entered(
        &mut self,
        entries: &[EntryId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (changed, gone) = self.write(|tx| {
            let mut changed = 0;
            for entry in entries {
                changed += tx
                    .prepare_cached(
                        "UPDATE check_reads SET sent = 1 WHERE entry = ?1 AND sent = 0",
                    )?
                    .execute([entry.as_bytes()])?;
            }
            drop_old(tx, now)?;
            Ok::<_, StoreError>((changed as u64, drop_gone(tx)?))
        })?;
        if gone > 0 {
            self.fold_log();
        }
        Ok(changed)
    }

    /// Looks that could not be noted in this session.
    pub(super) fn reads_unnoted(&self) -> u64 {
        self.unnoted.borrow().len()
    }
}

/// How many looks wait for the relay.
pub(super) fn unsent(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM check_reads WHERE sent = 0";
    let count: i64 = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?;
    Ok(uint(count))
}

fn is_noted(connection: &Connection, look: Look) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM check_reads
               WHERE person = ?1 AND document = ?2 AND screen = ?3 AND hour = ?4";
    Ok(connection.prepare_cached(sql)?.exists(params![
        look.person.as_bytes(),
        look.document.as_bytes(),
        look.screen.code(),
        hour_of(look.at),
    ])?)
}

fn put(tx: &Transaction<'_>, entry: EntryId, look: Look) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO check_reads (entry, person, document, screen, hour, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        entry.as_bytes(),
        look.person.as_bytes(),
        look.document.as_bytes(),
        look.screen.code(),
        hour_of(look.at),
        look.at.as_ms(),
    ])?;
    Ok(())
}

/// A check leaves the device: that the relay knows who looked at it is no reason to name it here. What
/// the relay does not know of yet stays until it does.
pub(super) fn forget(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM check_reads WHERE sent = 1
             AND document = (SELECT id FROM documents WHERE n = ?1)",
    )?
    .execute([n])?;
    Ok(())
}

/// Drops what the relay has of checks that have left meanwhile. Returns how many.
fn drop_gone(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    let gone = tx
        .prepare_cached(
            "DELETE FROM check_reads WHERE sent = 1
                 AND NOT EXISTS (SELECT 1 FROM documents WHERE id = check_reads.document)",
        )?
        .execute([])?;
    Ok(gone as u64)
}

/// Drops what the relay has and no look of this hour can repeat.
fn drop_old(tx: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM check_reads WHERE sent = 1 AND hour <> ?1")?
        .execute([hour_of(now)])?;
    Ok(())
}
