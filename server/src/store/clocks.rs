//! The clocks of tickets, and the notes that follow them: rows in, rows out.

use rusqlite::{Connection, Row, params};
use yizhan_proto::{DeskKey, DocumentId, Timestamp};

use super::StoreError;
use super::convert::{bytes, timestamp_or_none, unsigned, word};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{DueStep, TicketClockRow, TicketCount, TimeLeft};

impl LogTx<'_> {
    /// The clock of a ticket.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ticket_clock(&self, document: DocumentId) -> Result<Option<TicketClockRow>, StoreError> {
        first(
            self.connection,
            "SELECT desk, step, open, due, due_at, verify_due, response_due, solution_due, paused,
             verify_left_ms, response_left_ms, solution_left_ms, closes_at, cycle,
             reopens_until FROM ticket_clocks WHERE doc = ?1",
            [document.as_bytes()],
            |row| clock_row(row, document),
        )
    }

    /// Keeps the clock of a ticket.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_ticket_clock(&mut self, clock: &TicketClockRow) -> Result<(), StoreError> {
        let ms = |time: Option<Timestamp>| time.map(Timestamp::as_ms);
        let left = clock.left.unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO ticket_clocks(doc, desk, step, open, due, due_at,
                 verify_due, response_due, solution_due, paused,
                 verify_left_ms, response_left_ms, solution_left_ms, closes_at, cycle,
                 reopens_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(params![
                clock.document.as_bytes(),
                clock.desk.as_str(),
                clock.step,
                clock.open,
                clock.next.map(|(step, _)| code(step)),
                clock.next.map(|(_, at)| at.as_ms()),
                ms(clock.verify_due),
                ms(clock.response_due),
                ms(clock.solution_due),
                clock.left.is_some(),
                left.verify_ms,
                left.response_ms,
                left.solution_ms,
                ms(clock.closes_at),
                clock.cycle,
                ms(clock.reopens_until),
            ])?;
        Ok(())
    }

    /// Tickets that the relay is to close by `now`, the longest due first, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn tickets_to_close(
        &self,
        now: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<DocumentId>, StoreError> {
        all(
            self.connection,
            "SELECT doc FROM ticket_clocks WHERE closes_at <= ?1 ORDER BY closes_at, doc LIMIT ?2",
            params![now.as_ms(), rows_max],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Stops trying to close a ticket.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn leave_ticket_open(&mut self, document: DocumentId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE ticket_clocks SET closes_at = NULL WHERE doc = ?1")?
            .execute([document.as_bytes()])?;
        Ok(())
    }

    /// Notes that a note is on a ticket.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_ticket_note(
        &mut self,
        ticket: DocumentId,
        note: DocumentId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO ticket_notes(ticket, note) VALUES (?1, ?2)")?
            .execute(params![ticket.as_bytes(), note.as_bytes()])?;
        Ok(())
    }

    /// Whether there are so many notes on a ticket, or more.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ticket_has_notes(&self, ticket: DocumentId, notes: u32) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM ticket_notes WHERE ticket = ?1 LIMIT 1 OFFSET ?2 - 1")?;
        Ok(statement.exists(params![ticket.as_bytes(), notes])?)
    }

    /// The notes on a ticket, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ticket_notes(&self, ticket: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
        all(
            self.connection,
            "SELECT note FROM ticket_notes WHERE ticket = ?1 ORDER BY note",
            [ticket.as_bytes()],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }
}

impl Snapshot<'_> {
    /// Whether there is a ticket that the relay is to close by `now`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_ticket_to_close(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM ticket_clocks WHERE closes_at <= ?1 LIMIT 1")?;
        Ok(statement.exists([now.as_ms()])?)
    }

    /// For each desk with open tickets: how many, and how many of these are past their time.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn open_tickets_by_desk(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(DeskKey, u64, u64)>, StoreError> {
        all(
            self.connection,
            "SELECT desk, count(*), count(*) FILTER (WHERE due_at < ?1) FROM ticket_clocks
             WHERE open = 1 GROUP BY desk",
            [now.as_ms()],
            |row| Ok((word(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?)),
        )
    }

    /// Open tickets by what is due next on them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ticket_counts(&self, now: Timestamp) -> Result<Vec<TicketCount>, StoreError> {
        ticket_counts(self.connection, now)
    }
}

fn ticket_counts(connection: &Connection, now: Timestamp) -> Result<Vec<TicketCount>, StoreError> {
    all(
        connection,
        "SELECT due, count(*), count(*) FILTER (WHERE due_at < ?1) FROM ticket_clocks
         WHERE open = 1 GROUP BY due ORDER BY due",
        [now.as_ms()],
        |row| {
            Ok(TicketCount {
                step: due_step(row, 0)?,
                open: unsigned(row, 1)?,
                breached: unsigned(row, 2)?,
            })
        },
    )
}

fn clock_row(row: &Row<'_>, document: DocumentId) -> Result<TicketClockRow, StoreError> {
    let paused: bool = row.get(8)?;
    let left = TimeLeft {
        verify_ms: row.get(9)?,
        response_ms: row.get(10)?,
        solution_ms: row.get(11)?,
    };
    Ok(TicketClockRow {
        document,
        desk: word(row, 0)?,
        step: row.get(1)?,
        cycle: row.get(13)?,
        open: row.get(2)?,
        next: due_step(row, 3)?.zip(timestamp_or_none(row, 4)?),
        verify_due: timestamp_or_none(row, 5)?,
        response_due: timestamp_or_none(row, 6)?,
        solution_due: timestamp_or_none(row, 7)?,
        left: paused.then_some(left),
        closes_at: timestamp_or_none(row, 12)?,
        reopens_until: timestamp_or_none(row, 14)?,
    })
}

const fn code(step: DueStep) -> u8 {
    match step {
        DueStep::Verify => 0,
        DueStep::Response => 1,
        DueStep::Solution => 2,
    }
}

fn due_step(row: &Row<'_>, column: usize) -> Result<Option<DueStep>, StoreError> {
    row.get::<_, Option<u8>>(column)?
        .map(|code| match code {
            0 => Ok(DueStep::Verify),
            1 => Ok(DueStep::Response),
            2 => Ok(DueStep::Solution),
            _ => Err(StoreError::damaged("a step that is none of a ticket's")),
        })
        .transpose()
}
