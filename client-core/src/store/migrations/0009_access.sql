-- 9: what is leaving, and what was told of it.

-- Up to where the relay has told what people decided about work of this device that waited.
ALTER TABLE device ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
-- Format 9, 2026-11-21: scopes that this device left, until the relay knows that nothing of them is
-- left here.
-- Never edited once landed; a later format is a new file.

-- told: the relay has been told so. It stays, for a relay that comes back from a backup.
CREATE TABLE left_scopes (
    scope TEXT PRIMARY KEY,
    told  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Documents that came by such a scope and stay for the work that is open on them.
CREATE TABLE left_documents (
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    scope    TEXT NOT NULL,
    PRIMARY KEY (document, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_documents_scope ON left_documents (scope);

-- Documents that were erased for everybody: what can be said of them here, and never what was in
-- them. lost: own changes that the relay had not taken, and that went with it. rewritten: so was
-- the file since, and no page has a copy of it.
CREATE TABLE erased (
    document  BLOB PRIMARY KEY,
    kind      INTEGER NOT NULL,
    told_at   INTEGER NOT NULL,
    lost      INTEGER NOT NULL,
    rewritten INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
