-- 9: former keys of devices, and identities of outside providers.

-- Who a subject of an outside identity provider is here. Not a reference to people: a person who
-- became an alias is found through person_alias.
CREATE TABLE outside_identities(
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person BLOB NOT NULL,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY(issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_identities_of_person ON outside_identities(person);

-- A token stands for a one-time code: the device that used it, until the token has expired.
CREATE TABLE outside_tokens(
    hash BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_tokens_expired ON outside_tokens(expires_at);
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
