-- 12: how many documents there are of each kind and in each scope, counted as they come and go:
-- with 20,000 documents, counting them anew took most of the time of the status screen.

CREATE TABLE kinds_held (
    kind      INTEGER PRIMARY KEY,
    documents INTEGER NOT NULL
) STRICT;
INSERT INTO kinds_held SELECT kind, COUNT(*) FROM documents GROUP BY kind;

CREATE TRIGGER documents_come AFTER INSERT ON documents BEGIN
    INSERT INTO kinds_held (kind, documents) VALUES (NEW.kind, 1)
    ON CONFLICT (kind) DO UPDATE SET documents = documents + 1;
END;
CREATE TRIGGER documents_go AFTER DELETE ON documents BEGIN
    UPDATE kinds_held SET documents = documents - 1 WHERE kind = OLD.kind;
END;

ALTER TABLE scopes ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
UPDATE scopes SET documents = (SELECT COUNT(*) FROM members WHERE scope = scopes.n);

CREATE TRIGGER members_come AFTER INSERT ON members BEGIN
    UPDATE scopes SET documents = documents + 1 WHERE n = NEW.scope;
END;
CREATE TRIGGER members_go AFTER DELETE ON members BEGIN
    UPDATE scopes SET documents = documents - 1 WHERE n = OLD.scope;
END;
