-- Format 5, 2026-11-21: what the screens of a day, of a driver and of a trend ask. The rows
-- follow when the documents are read anew (the version of the views has moved as well).
-- Never edited once landed; a later format is a new file.

-- One row a measurement that came to a number, in its item's canonical unit.
CREATE TABLE readings_view (
    document   INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    entry      BLOB NOT NULL,
    driver     BLOB NOT NULL,
    item       TEXT NOT NULL,
    taken_at   INTEGER NOT NULL,
    value      REAL NOT NULL,
    comparator TEXT,
    level      TEXT,                    -- as stored with the check, by the rules of that day
    PRIMARY KEY (document, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX readings_view_driver ON readings_view (driver, item, taken_at, document, entry);

ALTER TABLE visits_view ADD COLUMN beds INTEGER NOT NULL DEFAULT 0; -- services `bed` given, added up
CREATE INDEX visits_view_open ON visits_view (driver, arrived_at) WHERE left_at IS NULL;

ALTER TABLE checks_view ADD COLUMN pressure_level TEXT;
ALTER TABLE checks_view ADD COLUMN glucose_level TEXT;
CREATE INDEX checks_view_crisis ON checks_view (taken_at, document) WHERE crisis <> 0;
CREATE INDEX checks_view_seen ON checks_view (driver, station, taken_at, document);

CREATE INDEX consents_view_own ON consents_view (driver, given_at, document);
CREATE INDEX consents_view_card ON consents_view (driver, station, given_at, document);
