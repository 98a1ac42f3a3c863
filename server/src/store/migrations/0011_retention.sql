-- Format 11, 2026-11-21: documents grow old.

-- When each document that grows old for somebody has ended, by kind: what is old enough is the
-- beginning of a kind, whatever the periods are.
CREATE TABLE ages(
    kind INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    doc BLOB NOT NULL,
    PRIMARY KEY(kind, ended_at, doc)
) STRICT, WITHOUT ROWID;

-- Documents that end when another does: enrolments, with their activity. (Notes on tickets are in
-- ticket_notes.)
CREATE TABLE followers(
    of BLOB NOT NULL,
    doc BLOB NOT NULL,
    PRIMARY KEY(of, doc)
) STRICT, WITHOUT ROWID;

CREATE INDEX followers_by_document ON followers(doc);

-- Up to where each audience has let go: what lies before (ended_at, doc, follower) has left it, what
-- lies behind is in it. retired: how many documents that are.
CREATE TABLE retention_marks(
    audience TEXT PRIMARY KEY,
    ended_at INTEGER NOT NULL,
    doc BLOB NOT NULL,
    follower BLOB NOT NULL,
    retired INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents whose end moved across a mark: those that end with them are looked at again.
CREATE TABLE retention_asked(
    of BLOB PRIMARY KEY,
    position BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to which document the ages of a store of an older format were filled in.
INSERT INTO meta(key, value) VALUES ('ages', x'00000000000000000000000000000000');

-- What left a scope stands in `leavings` alone: a device that reads a scope from its beginning does
-- not step over years of what is not there any more.
ALTER TABLE leavings ADD COLUMN reason INTEGER NOT NULL DEFAULT 1;
UPDATE leavings SET reason = ifnull((SELECT i.left_reason FROM scope_index i
    WHERE i.scope = leavings.scope AND i.last_seq = leavings.seq), 1);
DELETE FROM scope_index WHERE left_reason IS NOT NULL;
