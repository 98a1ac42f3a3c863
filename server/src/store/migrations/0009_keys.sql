-- 9: former keys of devices, and identities of outside providers.

-- Keys that devices had before the present one; kept while a certificate of them may be good.
CREATE TABLE device_keys(
    device BLOB NOT NULL,
    public_key BLOB NOT NULL,
    replaced_at INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY(device, public_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_keys_kept ON device_keys(kept_until);

-- Revoked devices that are to erase themselves at their next contact, and those that did.
CREATE TABLE device_wipes(
    device BLOB PRIMARY KEY,
    ordered_at INTEGER NOT NULL,
    told_at INTEGER,
    nonce BLOB,
    handed_over INTEGER NOT NULL DEFAULT 0,
    wiped_at INTEGER,
    attachments_lost INTEGER
) STRICT, WITHOUT ROWID;
