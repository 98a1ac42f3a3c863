-- 8: reports handed out by the relay.

-- 2026-11-21: a coordinator holds none of the documents behind the numbers of a region, and sees
-- them offline all the same. One row a report and region that the person coordinates, also before
-- the first sheet came. made_at is the relay's time, ask_at this device's. No table of queries:
-- a rebuild of those leaves it alone.
CREATE TABLE sheets(
    what TEXT NOT NULL,
    region TEXT NOT NULL,
    first_month TEXT,
    last_month TEXT,
    made_at INTEGER,
    version BLOB,
    body BLOB,
    ask_at INTEGER NOT NULL,
    PRIMARY KEY(what, region)
) STRICT, WITHOUT ROWID;
