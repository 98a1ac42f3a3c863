-- Format 12, 2026-11-21: indexes by which what a driver or a station has very much of is looked up
-- in a few steps; devices that come back to a relay from a backup.

-- How a driver's consents at a station stand: one row of each sort is enough.
CREATE INDEX consents_standing ON consents(driver, station, purpose, withdrawn, until);
CREATE INDEX consents_shared ON consents(driver, station, share_with, until)
    WHERE ended = 0 AND purpose = 'share';

-- former: the relay was put back from a backup since the device read the scope. It may hold what is not
-- there any more, until it holds exactly what the relay does.
ALTER TABLE device_scopes ADD COLUMN former INTEGER NOT NULL DEFAULT 0;
CREATE INDEX device_scopes_former ON device_scopes(device) WHERE former = 1;

-- Who registered at a station lately.
CREATE INDEX registrations_at ON registrations(station, registered_at);
