-- Format 10, 2026-11-21: how much a person begins in a day, and warnings about scopes that grow full.

-- day: days since 1970 in UTC, by the relay's clock. Days before the last two are dropped.
CREATE TABLE documents_begun(
    day INTEGER NOT NULL,
    person BLOB NOT NULL,
    documents INTEGER NOT NULL,
    PRIMARY KEY(day, person)
) STRICT, WITHOUT ROWID;

-- One row a scope: when somebody was last warned of it.
CREATE TABLE scope_warnings(
    scope INTEGER PRIMARY KEY,
    warned_at INTEGER NOT NULL
) STRICT;

-- The few scopes that hold so many; others cost nothing.
CREATE INDEX scopes_full ON scopes(documents) WHERE documents > 10000;

CREATE INDEX quarantine_room ON quarantine(person, length(bytes)) WHERE rejected = 0;
