-- Format 3, 2026-11-21: desks, their members, the clocks of tickets, people who are one.

-- classes: the classes of request answered, one space between them; empty for all.
CREATE TABLE desks(
    desk TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    region TEXT NOT NULL REFERENCES regions(region),
    parent TEXT REFERENCES desks(desk),
    station BLOB,
    classes TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE desk_members(
    desk TEXT NOT NULL REFERENCES desks(desk),
    person BLOB NOT NULL REFERENCES people(person),
    coordinator INTEGER NOT NULL,
    classes TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY(desk, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX desks_of_person ON desk_members(person);

-- Where each ticket stands, for counts and for what time alone does: derived from the outlines and
-- from the due times that the relay wrote. due: what is due next (0 verify, 1 response, 2
-- solution) and when, nothing while the clock stands still. ..._left_ms: what was left when it stood
-- still, of working time but for verify.
CREATE TABLE ticket_clocks(
    doc BLOB PRIMARY KEY,
    desk TEXT NOT NULL,
    step INTEGER NOT NULL,
    cycle INTEGER NOT NULL,
    open INTEGER NOT NULL,
    due INTEGER,
    due_at INTEGER,
    verify_due INTEGER,
    response_due INTEGER,
    solution_due INTEGER,
    paused INTEGER NOT NULL,
    verify_left_ms INTEGER,
    response_left_ms INTEGER,
    solution_left_ms INTEGER,
    closes_at INTEGER,
    reopens_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_to_close ON ticket_clocks(closes_at) WHERE closes_at IS NOT NULL;
CREATE INDEX tickets_open ON ticket_clocks(desk, due, due_at) WHERE open = 1;

-- The internal notes on each ticket: they follow it from desk to desk.
CREATE TABLE ticket_notes(
    ticket BLOB NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY(ticket, note)
) STRICT, WITHOUT ROWID;

-- Where somebody registered by themselves. Not a reference to people: it outlives a merge.
CREATE TABLE registrations(
    person BLOB PRIMARY KEY,
    station BLOB NOT NULL,
    registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who became an alias of whom, and what they were called: a merge cannot be seen otherwise.
CREATE TABLE person_merges(
    person BLOB PRIMARY KEY,
    kept BLOB NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    merged_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
