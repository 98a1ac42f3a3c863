-- 7: what a person decided about work that waited.

-- arrived: the order in which changes began to wait, for lists that go on where they ended.
-- rejected: a person decided against it. The bytes stay, until the document is erased.
ALTER TABLE quarantine ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantine ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;
UPDATE quarantine SET arrived = rowid;
CREATE UNIQUE INDEX quarantine_in_order ON quarantine(arrived);
CREATE INDEX quarantine_by_hash ON quarantine(hash);
CREATE INDEX quarantine_of_device ON quarantine(device, arrived);
CREATE INDEX quarantine_of_person ON quarantine(person, arrived);
CREATE INDEX quarantine_waiting ON quarantine(received_at) WHERE rejected = 0;

-- n: the order of the decisions, in which devices are told; never given twice, also after the
-- latest was deleted with its document. decided_by: on whose word; null for the operator's own.
-- decision: 1 accepted, 2 rejected.
CREATE TABLE decisions(
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    doc BLOB NOT NULL,
    hash BLOB NOT NULL,
    device BLOB NOT NULL,
    person BLOB NOT NULL,
    decision INTEGER NOT NULL,
    decided_by BLOB,
    decided_at INTEGER NOT NULL,
    reason TEXT
) STRICT;
CREATE UNIQUE INDEX decisions_of_change ON decisions(doc, hash);
CREATE INDEX decisions_by_hash ON decisions(hash);
CREATE INDEX decisions_of_device ON decisions(device, n);
