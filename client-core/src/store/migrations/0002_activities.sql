-- Format 2, 2026-11-21: what screens read of activities, enrolments and notices.
-- Never edited once landed; a later format is a new file.

CREATE TABLE activities_view (
    document  INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    id        BLOB NOT NULL,            -- the document's: what enrolments name
    region    TEXT,
    station   BLOB NOT NULL,
    sort      TEXT,
    title     TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    place     TEXT,
    capacity  INTEGER,                  -- NULL: without bound
    state     TEXT NOT NULL,
    questions INTEGER NOT NULL,
    conflict  INTEGER NOT NULL
) STRICT;
CREATE INDEX activities_view_id ON activities_view (id);
CREATE INDEX activities_view_starts ON activities_view (starts_at, document);
CREATE INDEX activities_view_ends ON activities_view (ends_at, starts_at, document);
CREATE INDEX activities_view_station ON activities_view (station, starts_at, document);
CREATE INDEX activities_view_region ON activities_view (region, starts_at, document);

CREATE TABLE leases_view (
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    lease    BLOB NOT NULL,
    device   BLOB NOT NULL,
    seats    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (document, lease)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_view_device ON leases_view (device, until) WHERE returned = 0;

CREATE TABLE enrolments_view (
    document     INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    driver       BLOB NOT NULL,
    driver_name  TEXT NOT NULL,
    activity     BLOB NOT NULL,
    station      BLOB NOT NULL,
    seat         TEXT,                  -- NULL: nobody asked for one
    number       INTEGER,
    reason       TEXT,
    lease        BLOB,
    asked_at     INTEGER NOT NULL,      -- or when first seen
    attended_at  INTEGER,
    walk_in      INTEGER NOT NULL,
    duplicates   INTEGER NOT NULL,
    failed_scans INTEGER NOT NULL,
    quiz_score   INTEGER,
    quiz_asked   INTEGER,
    rating       INTEGER,
    certificate  TEXT,
    conflict     INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolments_view_asked ON enrolments_view (asked_at, document);
CREATE INDEX enrolments_view_activity ON enrolments_view (activity, asked_at, document);
CREATE INDEX enrolments_view_driver ON enrolments_view (driver, asked_at, document);
CREATE INDEX enrolments_view_station ON enrolments_view (station, asked_at, document);
CREATE INDEX enrolments_view_lease ON enrolments_view (lease) WHERE lease IS NOT NULL;

CREATE TABLE notices_view (
    document     INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    region       TEXT,
    station      BLOB,
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    level        TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    until        INTEGER,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX notices_view_published ON notices_view (published_at, document);
