-- 14: what a deleted row leaves behind in the pages of its neighbours goes when the file is rewritten:
-- after documents have left, and not more often than the size of the file allows.

CREATE TABLE rewrites (
    file    TEXT PRIMARY KEY,           -- 'store' or 'papers'
    due     INTEGER NOT NULL,           -- 1: something was deleted since the last time
    done_at INTEGER                     -- the last time, by this device's clock
) STRICT;
-- What left before today left remnants, too.
INSERT INTO rewrites (file, due)
    SELECT file, EXISTS (SELECT 1 FROM device WHERE last_sync_at IS NOT NULL)
    FROM (SELECT 'store' AS file UNION ALL SELECT 'papers');

-- How often, and since when by this device's clock, the relay had no room for what a lost device hands
-- over before it erases itself.
ALTER TABLE wipe_order ADD COLUMN put_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wipe_order ADD COLUMN put_off_since INTEGER;
