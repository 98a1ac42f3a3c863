-- Format 1, 2026-11-21: the first: changes, documents, scopes, people, devices, codes.
-- Never edited once landed; a later format is a new file.

CREATE TABLE meta(
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every accepted change, in the order of its sequence. Found by document and hash; a document
-- is small (256 KiB), so its changes are put in order by whoever reads them.
CREATE TABLE changes(
    seq INTEGER PRIMARY KEY,
    doc BLOB NOT NULL,
    hash BLOB NOT NULL,
    actor BLOB NOT NULL,
    person BLOB NOT NULL,
    last_op INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    skew_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX changes_of_document ON changes(doc, hash);

-- members: the scopes a document is or was in; scope_index is derived from it.
CREATE TABLE documents(
    doc BLOB PRIMARY KEY,
    kind INTEGER NOT NULL,
    outline BLOB NOT NULL,
    digest INTEGER NOT NULL,
    members BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- The directory kinds (station, activity, notice) are few and are listed by kind.
CREATE INDEX documents_of_directory ON documents(kind) WHERE kind <= 3;

CREATE TABLE scopes(
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL UNIQUE,
    digest INTEGER NOT NULL,
    documents INTEGER NOT NULL
) STRICT;

-- Each document once a scope, at its latest sequence there.
CREATE TABLE scope_index(
    scope INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    doc BLOB NOT NULL,
    joined_seq INTEGER NOT NULL,
    left_reason INTEGER,
    PRIMARY KEY(scope, last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine(
    doc BLOB NOT NULL,
    hash BLOB NOT NULL,
    kind INTEGER NOT NULL,
    device BLOB NOT NULL,
    person BLOB NOT NULL,
    bytes BLOB NOT NULL,
    code TEXT NOT NULL,
    path TEXT,
    bound TEXT,
    received_at INTEGER NOT NULL,
    skew_ms INTEGER NOT NULL,
    PRIMARY KEY(doc, hash)
) STRICT;

-- Ids that were erased for good: nothing under them is ever taken again.
CREATE TABLE erased(
    doc BLOB PRIMARY KEY,
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Forgets that devices have carried out. Outstanding: a device that subscribes to a scope with a
-- tombstone, without a row here of the same sequence.
CREATE TABLE forget_acks(
    device BLOB NOT NULL,
    scope INTEGER NOT NULL,
    doc BLOB NOT NULL,
    seq INTEGER NOT NULL,
    acked_at INTEGER NOT NULL,
    PRIMARY KEY(device, scope, doc)
) STRICT, WITHOUT ROWID;

CREATE TABLE people(
    person BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A role that was taken away stays, with its end: what was written while it was held may still
-- arrive, and then waits for a person to decide.
CREATE TABLE person_roles(
    person BLOB NOT NULL REFERENCES people(person),
    role TEXT NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY(person, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_alias(
    alias BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_person ON person_alias(person);

CREATE TABLE devices(
    device BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person),
    public_key BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_seen_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_person ON devices(person);

-- Codes are known by their hash only.
CREATE TABLE pair_codes(
    hash BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person),
    expires_at INTEGER NOT NULL,
    used_by BLOB,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE station_codes(
    station BLOB PRIMARY KEY,
    code TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE regions(
    region TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
