-- Format 2, 2026-11-21: seats of activities, and leases on them.

-- What the relay keeps of an activity to decide its seats without looking at all enrolments.
-- accepted, covered, waiting: seats of that standing; reserved: seats that leases hold and nobody
-- has taken; numbered: the latest seat number given. unsettled: something is still to be decided.
CREATE TABLE seat_tallies(
    activity BLOB PRIMARY KEY,
    capacity INTEGER,
    state TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    covered INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    numbered INTEGER NOT NULL,
    unsettled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seat_tallies_unsettled ON seat_tallies(activity) WHERE unsettled = 1;

-- standing: 1 accepted, 2 accepted under a lease, 3 waiting, 4 refused, 5 cancelled.
-- arrived: the sequence of the request that stands; request: the latest request answered.
CREATE TABLE seats(
    enrolment BLOB PRIMARY KEY,
    activity BLOB NOT NULL,
    standing INTEGER NOT NULL,
    lease BLOB,
    arrived INTEGER NOT NULL,
    request BLOB NOT NULL,
    number INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX seats_in_order ON seats(activity, standing, arrived);

-- allowed: seats it is good for: those granted, and from its return on those given away. covered:
-- enrolments that have their seat under it.
CREATE TABLE seat_leases(
    activity BLOB NOT NULL,
    lease BLOB NOT NULL,
    device BLOB NOT NULL,
    allowed INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    covered INTEGER NOT NULL,
    PRIMARY KEY(activity, lease)
) STRICT, WITHOUT ROWID;
