-- Format 12, 2026-11-21: indexes by which what a driver or a station has very much of is looked up
-- in a few steps.

-- How a driver's consents at a station stand: one row of each sort is enough.
CREATE INDEX consents_standing ON consents(driver, station, purpose, withdrawn, until);
CREATE INDEX consents_shared ON consents(driver, station, share_with, until)
    WHERE ended = 0 AND purpose = 'share';

-- Who registered at a station lately.
CREATE INDEX registrations_at ON registrations(station, registered_at);
