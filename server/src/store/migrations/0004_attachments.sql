-- Format 4, 2026-11-21: attachments. The bytes are files in the folder `attachments`; here is which
-- documents name them, and who has shown to have them.

-- An accepted change of that person names these bytes in that document.
CREATE TABLE attachments(
    sha256 BLOB NOT NULL,
    doc BLOB NOT NULL,
    person BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY(sha256, doc, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_of_document ON attachments(doc);

-- The person has uploaded the bytes whole, or could fetch them already. What somebody names
-- without that opens nothing to anybody: knowing a hash is not having the bytes.
CREATE TABLE attachment_proofs(
    sha256 BLOB NOT NULL,
    person BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    proven_at INTEGER NOT NULL,
    PRIMARY KEY(sha256, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_proofs_of_person ON attachment_proofs(person, bytes);
