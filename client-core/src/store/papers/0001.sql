-- Format 1, 2026-11-21: the bytes of attachments, in pieces. Never edited once landed.

CREATE TABLE files (
    n           INTEGER PRIMARY KEY,
    sha256      BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    bytes       INTEGER NOT NULL CHECK (bytes > 0),
    thumb       INTEGER NOT NULL,           -- 1: a small picture of another
    have        INTEGER NOT NULL DEFAULT 0, -- so many bytes are here, from the first on
    own         INTEGER NOT NULL DEFAULT 0, -- 0: somebody else's; 1: to be sent; 2: sent
    sent        INTEGER DEFAULT 0,          -- so many bytes the relay has; NULL: to be asked
    wanted      INTEGER NOT NULL DEFAULT 0, -- 1: to be fetched; 2: a person waits for it
    document    BLOB,                       -- of an own one: the document it was put to
    pending     INTEGER,                    -- put here at this time, and not named by a document yet
    tries       INTEGER NOT NULL DEFAULT 0, -- failures in a row
    not_before  INTEGER,                    -- not to be tried before
    failed_code TEXT,
    failed_text TEXT
) STRICT;
CREATE INDEX files_open ON files (n) WHERE own = 1 OR wanted > 0;

-- `at` is where a piece begins; pieces are as they came, one behind the other.
CREATE TABLE pieces (
    file  INTEGER NOT NULL REFERENCES files (n) ON DELETE CASCADE,
    at    INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (file, at)
) STRICT;

-- The relay's lineage that files were last offered to.
CREATE TABLE relay (
    epoch BLOB NOT NULL CHECK (length(epoch) = 8)
) STRICT;
