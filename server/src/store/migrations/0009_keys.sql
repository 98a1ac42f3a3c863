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
