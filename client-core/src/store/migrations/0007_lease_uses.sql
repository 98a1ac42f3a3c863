-- Format 7, 2026-11-21: which seats of leases were given away.
-- Never edited once landed; a later format is a new file.

-- Each request that names a lease gives one of its seats away, for good: also where the driver
-- gave the seat up since, or had one already.
CREATE TABLE lease_uses (
    document INTEGER NOT NULL REFERENCES documents (n) ON DELETE CASCADE,
    request  BLOB NOT NULL,
    activity BLOB NOT NULL,
    lease    BLOB NOT NULL,
    PRIMARY KEY (document, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_uses_lease ON lease_uses (lease, activity);
