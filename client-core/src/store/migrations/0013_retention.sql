-- 13: how many documents of each kind have left this device because they grew old, ever. (A document
-- that is to go for that reason has `leaving` 3.)

CREATE TABLE grown_old (
    kind      INTEGER PRIMARY KEY,
    documents INTEGER NOT NULL
) STRICT;
