-- Format 3, 2026-11-21: what screens read of tickets and case notes.
-- Never edited once landed; a later format is a new file.

CREATE TABLE tickets_view (
    document    INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    id          BLOB NOT NULL,          -- the document's
    driver      BLOB NOT NULL,
    driver_name TEXT NOT NULL,
    region      TEXT NOT NULL,
    desk        TEXT NOT NULL,          -- that has it, after escalations
    station     BLOB,
    visit       BLOB,
    activity    BLOB,
    class       TEXT NOT NULL,
    title       TEXT NOT NULL,
    urgent      INTEGER NOT NULL,
    step        TEXT NOT NULL,
    open        INTEGER NOT NULL,       -- something is still to be done
    cycle       INTEGER NOT NULL,
    first       BLOB,
    second      BLOB,
    about       BLOB,
    waiting     INTEGER NOT NULL,
    paused      INTEGER NOT NULL,
    due         TEXT,                   -- what is due next
    due_at      INTEGER NOT NULL,       -- 2^63 - 1: nothing is, so that it comes last
    raised_at   INTEGER NOT NULL,
    resolved_at INTEGER,
    ended_at    INTEGER,
    rating      INTEGER,
    recovered   INTEGER NOT NULL,       -- fen
    reviews     INTEGER NOT NULL,       -- events that do not count and nobody has looked at
    conflict    INTEGER NOT NULL
) STRICT;
CREATE INDEX tickets_view_id ON tickets_view (id);
CREATE INDEX tickets_view_raised ON tickets_view (raised_at, document);
CREATE INDEX tickets_view_driver ON tickets_view (driver, raised_at, document);
CREATE INDEX tickets_view_station ON tickets_view (station, raised_at, document) WHERE station IS NOT NULL;
CREATE INDEX tickets_view_desk ON tickets_view (desk, open DESC, due_at, document);

-- Who is assigned to what.
CREATE TABLE ticket_pairs (
    person   BLOB NOT NULL,
    open     INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    PRIMARY KEY (person, open DESC, due_at, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_pairs_document ON ticket_pairs (document);

-- Which ticket was linked with which other; either may be held alone.
CREATE TABLE ticket_links (
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    one      BLOB NOT NULL,             -- the document's id
    other    BLOB NOT NULL,
    PRIMARY KEY (document, other)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_links_one ON ticket_links (one);
CREATE INDEX ticket_links_other ON ticket_links (other);

-- Events that do not count and that nobody has looked at.
CREATE TABLE ticket_reviews (
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    entry    BLOB NOT NULL,
    type     TEXT NOT NULL,
    why      TEXT NOT NULL,             -- stable code
    sentence TEXT NOT NULL,
    by       BLOB NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (document, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_notes_view (
    document INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    ticket   BLOB NOT NULL,
    desk     TEXT NOT NULL,
    by       BLOB,
    at       INTEGER NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX case_notes_view_ticket ON case_notes_view (ticket, at, document);
