-- 8: the chained log of who did what. Append-only: what is entered is never changed or removed.
-- `bytes` is the entry and `hash` its link of the chain (crate::audit); the other columns repeat
-- what the bytes say, so that it can be found, and are compared with them by whoever verifies.

CREATE TABLE audit(
    n INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    person BLOB,
    device BLOB,
    subject TEXT,
    about BLOB,
    entry BLOB,
    bytes BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit(at);
CREATE INDEX audit_by_person ON audit(person) WHERE person IS NOT NULL;
CREATE INDEX audit_by_device ON audit(device) WHERE device IS NOT NULL;
CREATE INDEX audit_by_subject ON audit(subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_about ON audit(about) WHERE about IS NOT NULL;
-- What a device uploads again is not entered again.
CREATE UNIQUE INDEX audit_uploads ON audit(device, entry) WHERE entry IS NOT NULL;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_has_no_gaps BEFORE INSERT ON audit
WHEN NEW.n <> (SELECT ifnull(max(n), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
