-- Format 6, 2026-11-21: what a check-in code is shown and verified with.
-- Never edited once landed; a later format is a new file.

-- What the relay gave to show codes and to verify those of others; replaced with each access.
CREATE TABLE check_in_kit (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    kit BLOB NOT NULL                   -- CBOR
) STRICT;

-- The showings of codes by which visits were begun: one showing, one arrival.
CREATE TABLE visit_codes (
    document INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    nonce    BLOB NOT NULL CHECK (length(nonce) = 16)
) STRICT;
CREATE INDEX visit_codes_nonce ON visit_codes (nonce);

-- Which checks ask for a second reading, and which are one. Bits: 1 blood pressure, 2 glucose.
CREATE TABLE check_marks (
    document INTEGER PRIMARY KEY REFERENCES documents (n) ON DELETE CASCADE,
    driver   BLOB NOT NULL,
    taken_at INTEGER NOT NULL,
    measured INTEGER NOT NULL,
    critical INTEGER NOT NULL           -- of what was measured, what was a crisis
) STRICT;
CREATE INDEX check_marks_critical ON check_marks (taken_at, document) WHERE critical <> 0;
CREATE INDEX check_marks_driver ON check_marks (driver, taken_at, document);
