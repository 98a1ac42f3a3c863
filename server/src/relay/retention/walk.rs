//! A mark on its way along the index of ages: on as time goes by, back when a period was lengthened.

use std::sync::Arc;

use yizhan_client_core::model::retention::Audience;
use yizhan_proto::{DocumentId, Kind, Timestamp};

use super::SLACK_MS;
use super::age::{keep, look_again, put_on_side};
use crate::store::rows::{Age, DocumentRow, MarkRow};
use crate::store::{LogTx, StoreError};

/// Which way a mark goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// On: documents leave.
    On,
    /// Back: they come back.
    Back,
}

/// One audience's mark, in one job.
pub(super) struct Walk<'t, 'c> {
    tx: &'t mut LogTx<'c>,
    mark: MarkRow,
    /// Documents that may still be looked at.
    room: u32,
    moved: u64,
    now: Timestamp,
}

impl<'t, 'c> Walk<'t, 'c> {
    pub(super) fn new(
        tx: &'t mut LogTx<'c>,
        audience: Audience,
        room: u32,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mark = tx.mark(audience)?;
        Ok(Self {
            tx,
            mark,
            room,
            moved: 0,
            now,
        })
    }

    /// Documents that may still be looked at.
    pub(super) const fn room(&self) -> u32 {
        self.room
    }

    /// Documents that left or came back.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    /// Goes towards `until` as far as there is room, and keeps the mark. Which way that was.
    pub(super) fn go(&mut self, until: Timestamp) -> Result<Way, StoreError> {
        let before = self.mark;
        let ahead_ms = before.age.ended_at.ms_since(until);
        let way = if ahead_ms > SLACK_MS {
            self.back(until)?;
            Way::Back
        } else {
            self.on(until)?;
            Way::On
        };
        if self.room > 0 {
            let there = Age::before(until);
            let far = until.ms_since(before.age.ended_at).abs() > SLACK_MS;
            if way == Way::Back || (there > self.mark.age && (far || self.mark != before)) {
                self.mark.age = there;
            }
        }
        if self.mark != before {
            self.tx.put_mark(&self.mark)?;
        }
        Ok(way)
    }

    fn on(&mut self, until: Timestamp) -> Result<(), StoreError> {
        let (start, kind) = (self.mark.age, self.mark.audience.ends_with());
        for age in self.tx.ages_from(kind, start, until, self.room)? {
            let from = if age.document == start.document && age.ended_at == start.ended_at {
                start
            } else {
                age
            };
            if from.follower == age.follower {
                self.take(DocumentId::from_bytes(age.document), true)?;
            }
            if let Some(kind) = self.mark.audience.followers() {
                self.mark.age = from.max(age.next());
                self.followers_on(kind, age)?;
            }
            if self.room == 0 && self.mark.audience.followers().is_some() {
                return Ok(());
            }
            self.mark.age = age.behind();
            if self.room == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn followers_on(&mut self, kind: Kind, age: Age) -> Result<(), StoreError> {
        let of = DocumentId::from_bytes(age.document);
        let from = self.mark.age.follower;
        for follower in self.tx.followers_from(kind, of, from, self.room)? {
            self.take(follower, true)?;
            self.mark.age = age.with(follower).next();
        }
        Ok(())
    }

    fn back(&mut self, until: Timestamp) -> Result<(), StoreError> {
        let (start, kind) = (self.mark.age, self.mark.audience.ends_with());
        for age in self.tx.ages_up_to(kind, start, until, self.room)? {
            let is_start = age.document == start.document && age.ended_at == start.ended_at;
            if let Some(kind) = self.mark.audience.followers() {
                let below = if is_start { start.follower } else { [0xff; 16] };
                self.followers_back(kind, age, below)?;
                if self.room == 0 {
                    return Ok(());
                }
            }
            if !is_start || start.follower != age.follower {
                self.take(DocumentId::from_bytes(age.document), false)?;
            }
            self.mark.age = age;
            if self.room == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn followers_back(&mut self, kind: Kind, age: Age, below: [u8; 16]) -> Result<(), StoreError> {
        let of = DocumentId::from_bytes(age.document);
        for follower in self.tx.followers_before(kind, of, below, self.room)? {
            self.take(follower, false)?;
            self.mark.age = age.with(follower);
        }
        Ok(())
    }

    /// One document leaves the audience, or comes back to it.
    fn take(&mut self, id: DocumentId, out: bool) -> Result<(), StoreError> {
        self.room = self.room.saturating_sub(1);
        let Some(before) = self.tx.document(id)? else {
            return Ok(());
        };
        let audience = self.mark.audience;
        let decide = |of: Audience| (of == audience).then_some(out);
        let sequence = self.tx.next_sequence();
        let row = DocumentRow::clone(&before);
        let (after, moved) = put_on_side(self.tx, row, decide, sequence, self.now)?;
        let by = moved.get(&audience).copied().unwrap_or_default();
        self.mark.retired = self.mark.retired.saturating_add_signed(by);
        self.moved = self.moved.saturating_add(by.unsigned_abs());
        keep(self.tx, id, Arc::clone(&before), after)
    }
}

/// Looks again at what ends with a document whose end moved across a mark. Whether there was any.
pub(super) fn look_at_followers(
    tx: &mut LogTx<'_>,
    room: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(asked) = tx.next_asked()? else {
        return Ok(false);
    };
    let row = tx.document(asked.of)?;
    let kind = match row.map(|row| row.outline.kind) {
        Some(Kind::Ticket) => Kind::CaseNote,
        Some(_) | None => Kind::Enrolment,
    };
    let from = Age::before(now).with(asked.position).next().follower;
    let found = tx.followers_from(kind, asked.of, from, room)?;
    for follower in &found {
        look_again(tx, *follower, now)?;
    }
    let more = found.len() == room as usize;
    tx.put_asked(asked.of, found.last().copied().filter(|_| more))?;
    Ok(true)
}
