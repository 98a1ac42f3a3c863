-- Format 4, 2026-11-21: what documents say of their attachments. The bytes are in a database of
-- their own beside this one (see `papers`).

CREATE TABLE attachments_view (
    document     INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    entry        BLOB NOT NULL,
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes        INTEGER NOT NULL,
    media_type   TEXT,                  -- NULL: one that this version does not know
    name         TEXT NOT NULL,
    thumb_sha256 BLOB CHECK (length(thumb_sha256) = 32),
    thumb_bytes  INTEGER,
    by           BLOB,
    at           INTEGER,
    PRIMARY KEY (document, entry, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_view_entry ON attachments_view (entry);
CREATE INDEX attachments_view_bytes ON attachments_view (sha256);
CREATE INDEX attachments_view_thumb ON attachments_view (thumb_sha256) WHERE thumb_sha256 IS NOT NULL;
