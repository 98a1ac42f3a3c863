-- Format 1, 2026-11-21: the first. Everything a device holds: itself, where it stands, documents with
-- their changes, and what its screens read. Never edited once landed; a later format is a new file.
--
-- Ids are 16 bytes, hashes 32, times milliseconds since 1970 UTC, digests the 64 bits as signed.

CREATE TABLE device (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    device          BLOB NOT NULL CHECK (length(device) = 16),
    secret_key      BLOB NOT NULL CHECK (length(secret_key) = 32),
    provisional     BLOB NOT NULL CHECK (length(provisional) = 16),
    incarnation     INTEGER NOT NULL,
    instance        BLOB,               -- fingerprint of the side file, see `instance.rs`
    relay_url       TEXT,
    epoch           BLOB,
    identity        BLOB,               -- CBOR, as received
    token           TEXT,
    challenge       BLOB NOT NULL DEFAULT x'',
    last_sync_at    INTEGER,
    last_sync_error TEXT,
    clock_offset_ms INTEGER,
    repairs         INTEGER NOT NULL DEFAULT 0,
    ignored         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE scopes (
    n            INTEGER PRIMARY KEY,
    scope        TEXT NOT NULL UNIQUE,
    rank         INTEGER NOT NULL,      -- most urgent first
    live         INTEGER,               -- NULL before first contact
    settled      INTEGER NOT NULL DEFAULT 0, -- live, but between two pages of news
    floor        INTEGER NOT NULL DEFAULT 0,
    digest       INTEGER NOT NULL DEFAULT 0,
    repair_tries INTEGER NOT NULL DEFAULT 0,
    repaired_at  INTEGER
) STRICT;

CREATE TABLE documents (
    n            INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind         INTEGER NOT NULL,
    outline      BLOB,                  -- CBOR; NULL if not shown
    acked_digest INTEGER,               -- of the acknowledged heads; NULL: nothing acknowledged
    incarnation  INTEGER,               -- own, after a refusal; NULL: the device's
    set_aside    TEXT,                  -- why it cannot be opened
    leaving      INTEGER NOT NULL DEFAULT 0, -- 1: to go; 2: to go unless a scope turns out to hold it
    view         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX documents_set_aside ON documents (n) WHERE set_aside IS NOT NULL;
CREATE INDEX documents_leaving ON documents (n) WHERE leaving <> 0;
CREATE INDEX documents_view ON documents (view);

-- The two indexes hold the few changes that are not acknowledged. SQLite takes them only for
-- queries that say `state <> 1` in so many words, also where `state = 0` says it already.
-- state: 0 unsent, 1 acknowledged, 2 refused, 3 quarantined, 4 unconfirmed
CREATE TABLE changes (
    n            INTEGER PRIMARY KEY,
    document     INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    bytes        BLOB NOT NULL,
    actor        BLOB NOT NULL,
    start_op     INTEGER NOT NULL,
    last_op      INTEGER NOT NULL,
    device_time  INTEGER NOT NULL,
    deps         BLOB NOT NULL,         -- hashes, one after another
    own          INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    urgent       INTEGER NOT NULL DEFAULT 0,
    waits_since  INTEGER,               -- the relay lacks what it builds on
    sequence     INTEGER,
    received_at  INTEGER,
    skew_ms      INTEGER NOT NULL DEFAULT 0,
    reason_code  TEXT,
    reason_path  TEXT,
    reason_bound TEXT,
    summary      TEXT,                  -- of an own edit, in a few words
    UNIQUE (document, hash)
) STRICT;
CREATE INDEX changes_open ON changes (state, urgent DESC, n) WHERE state <> 1;
CREATE INDEX changes_open_document ON changes (document, state) WHERE state <> 1;

CREATE TABLE members (
    scope    INTEGER NOT NULL REFERENCES scopes (n) ON DELETE CASCADE,
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    stale    INTEGER NOT NULL DEFAULT 0, -- from before the relay's present lineage
    PRIMARY KEY (scope, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_document ON members (document);
CREATE INDEX members_stale ON members (scope, document) WHERE stale <> 0;

-- Forgets carried out (or on their way), to be acknowledged.
CREATE TABLE forgets (
    scope    TEXT NOT NULL,
    document BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (scope, document)
) STRICT, WITHOUT ROWID;

-- Ranges of document ids to compare: [from_id, until_id), x'' from the first, 17 × x'ff' to the last.
CREATE TABLE repairs (
    scope    INTEGER NOT NULL REFERENCES scopes (n) ON DELETE CASCADE,
    from_id  BLOB NOT NULL,
    until_id BLOB NOT NULL,
    PRIMARY KEY (scope, from_id, until_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetches (
    scope    INTEGER NOT NULL REFERENCES scopes (n) ON DELETE CASCADE,
    document BLOB NOT NULL,
    PRIMARY KEY (scope, document)
) STRICT, WITHOUT ROWID;

CREATE TABLE stations_view (
    document    INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    name        TEXT NOT NULL,
    region      TEXT,
    sort        TEXT,
    address     TEXT,
    phone       TEXT,
    hours       TEXT,
    facilities  TEXT NOT NULL,          -- codes, separated by spaces
    beds_total  INTEGER,
    beds_free   INTEGER,
    open        INTEGER,
    notice      TEXT,
    conflict    INTEGER NOT NULL
) STRICT;
CREATE INDEX stations_view_key ON stations_view (key);
CREATE INDEX stations_view_name ON stations_view (name);
CREATE INDEX stations_view_order ON stations_view (region, name, document);

CREATE TABLE visits_view (
    document    INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    id          BLOB NOT NULL,          -- the document's, so that records of one arrival have one order everywhere
    driver      BLOB NOT NULL,
    driver_name TEXT NOT NULL,
    station     BLOB NOT NULL,
    arrived_at  INTEGER NOT NULL,
    left_at     INTEGER,
    plate       TEXT,
    given       INTEGER NOT NULL,
    rating      INTEGER,
    conflict    INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_view_arrived ON visits_view (arrived_at, document);
CREATE INDEX visits_view_driver ON visits_view (driver, arrived_at, document);
CREATE INDEX visits_view_station ON visits_view (station, arrived_at, document);
CREATE INDEX visits_view_same ON visits_view (driver, station, arrived_at, id);

CREATE TABLE checks_view (
    document INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    driver   BLOB NOT NULL,
    station  BLOB NOT NULL,
    visit    BLOB,
    taken_at INTEGER NOT NULL,
    summary  TEXT NOT NULL,
    crisis   INTEGER NOT NULL,
    replaces BLOB
) STRICT;
CREATE INDEX checks_view_taken ON checks_view (taken_at, document);
CREATE INDEX checks_view_driver ON checks_view (driver, taken_at, document);
CREATE INDEX checks_view_station ON checks_view (station, taken_at, document);
CREATE INDEX checks_view_replaces ON checks_view (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE consents_view (
    document     INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    driver       BLOB NOT NULL,
    station      BLOB NOT NULL,
    purpose      TEXT,
    given_at     INTEGER NOT NULL,
    until        INTEGER,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX consents_view_given ON consents_view (given_at, document);
CREATE INDEX consents_view_driver ON consents_view (driver, station, purpose, given_at, document);
CREATE INDEX consents_view_station ON consents_view (station, given_at, document);

-- `text` is shown, `folded` is searched: character by character the same length.
CREATE TABLE search_texts (
    document INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    folded   TEXT NOT NULL
) STRICT;
-- One and two characters of the folded text. Rows go with `search::remove`, not by a cascade,
-- which would need a second index as large as this one.
CREATE TABLE search_grams (
    gram     TEXT NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (gram, document)
) STRICT, WITHOUT ROWID;
