-- 10: reads of health checks, until the relay has them.
--
-- One row a person, check, sort of screen and hour of this device's clock. A row that the relay
-- has stays until its hour is over, so that the same look is not entered twice, or until its check
-- leaves the device.

CREATE TABLE check_reads(
    entry BLOB NOT NULL,
    person BLOB NOT NULL,
    document BLOB NOT NULL,
    screen INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(person, document, screen, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_reads_unsent ON check_reads(at) WHERE sent = 0;
CREATE UNIQUE INDEX check_reads_entry ON check_reads(entry);
CREATE INDEX check_reads_of ON check_reads(document);
