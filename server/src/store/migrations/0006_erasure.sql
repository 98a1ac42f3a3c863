-- Format 6, 2026-11-21: erasures, their ground and their receipts.

-- Never content. subject: a person if is_person, else a document. rows_gone_at: nothing of it is
-- left in any table or folder; bytes_gone_at: nor in the pages of the file or in its log.
-- parts_kept: changes by the person in documents about others. settled_at: no device is outstanding.
CREATE TABLE erasures(
    id BLOB PRIMARY KEY,
    is_person INTEGER NOT NULL,
    subject BLOB NOT NULL,
    ground TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    backups_expire_at INTEGER NOT NULL,
    changes INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    attachments INTEGER NOT NULL DEFAULT 0,
    parts_kept INTEGER,
    rows_gone_at INTEGER,
    bytes_gone_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_unfinished ON erasures(erased_at) WHERE bytes_gone_at IS NULL;

-- Which erasure an id of the table `erased` is part of. done: its rows are gone.
CREATE TABLE erased_documents(
    doc BLOB PRIMARY KEY,
    erasure BLOB NOT NULL REFERENCES erasures(id),
    kind INTEGER NOT NULL,
    done INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_documents_of ON erased_documents(erasure, doc);
CREATE INDEX erased_documents_left ON erased_documents(erasure, doc) WHERE done = 0;

-- Where an erased document was, and under which sequence it is to be forgotten there.
CREATE TABLE erased_places(
    doc BLOB NOT NULL,
    scope INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    erasure BLOB NOT NULL,
    PRIMARY KEY(doc, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_places_of ON erased_places(erasure, scope);

-- Every id of a person who was erased: nothing about them is ever taken again.
CREATE TABLE erased_people(
    person BLOB PRIMARY KEY,
    erasure BLOB NOT NULL REFERENCES erasures(id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_people_of ON erased_people(erasure);

-- Files that nobody names any more, until they are removed.
CREATE TABLE erased_files(
    sha256 BLOB NOT NULL,
    person BLOB NOT NULL,
    PRIMARY KEY(sha256, person)
) STRICT, WITHOUT ROWID;

-- A note that is erased alone is found on its ticket.
CREATE INDEX tickets_of_note ON ticket_notes(note);
