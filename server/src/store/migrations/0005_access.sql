-- Format 5, 2026-11-21: which device was told which scopes, and what it was asked to forget;
-- consents as they bear on who holds what; stations that are closed.

-- Each scope that a device was ever served. told_at: when it was told last. left_at: since when it
-- is not served any more. confirmed_at: the device says that nothing it got by it is left.
-- clear_to: all forgets of the scope up to this sequence were carried out.
CREATE TABLE device_scopes(
    device BLOB NOT NULL,
    scope TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    clear_to INTEGER NOT NULL,
    left_at INTEGER,
    confirmed_at INTEGER,
    PRIMARY KEY(device, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_scopes_of_scope ON device_scopes(scope, device);

-- The identity with which a device was served last: while it has the same, nothing is to be noted.
CREATE TABLE device_told(
    device BLOB PRIMARY KEY,
    identity_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The tombstones of scope_index, with the time at which each came to be.
CREATE TABLE leavings(
    scope INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    doc BLOB NOT NULL,
    left_at INTEGER NOT NULL,
    PRIMARY KEY(scope, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO leavings(scope, seq, doc, left_at)
    SELECT i.scope, i.last_seq, i.doc,
           ifnull((SELECT c.received_at FROM changes c WHERE c.seq <= i.last_seq
                   ORDER BY c.seq DESC LIMIT 1), 0)
    FROM scope_index i WHERE i.left_reason IS NOT NULL;

-- Consents that bear on who holds a driver's visits and checks: visits, health_record, share.
-- ended: it was withdrawn, or its date has passed and was attended to.
CREATE TABLE consents(
    doc BLOB PRIMARY KEY,
    driver BLOB NOT NULL,
    station BLOB NOT NULL,
    purpose TEXT NOT NULL,
    share_with BLOB,
    until INTEGER,
    withdrawn INTEGER NOT NULL,
    ended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_at ON consents(driver, station);
CREATE INDEX consents_until ON consents(until) WHERE ended = 0 AND purpose = 'share';

-- Drivers whose visits and checks at a station are to be put where they belong, a portion at a
-- time. position: how far the driver's documents were looked at, by sequence. asked: the latest
-- sequence when this was asked for.
CREATE TABLE placings(
    driver BLOB NOT NULL,
    station BLOB NOT NULL,
    position INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    PRIMARY KEY(driver, station)
) STRICT, WITHOUT ROWID;

CREATE TABLE closed_stations(
    station BLOB PRIMARY KEY,
    closed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Roles that ended because their station was closed, and come back when it opens again.
CREATE TABLE suspended_roles(
    station BLOB NOT NULL,
    person BLOB NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY(station, person, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX suspended_roles_of_person ON suspended_roles(person);
CREATE INDEX roles_held ON person_roles(role, person) WHERE ended_at IS NULL;
