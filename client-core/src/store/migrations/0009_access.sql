-- 9: what is leaving, and what was told of it.

-- Up to where the relay has told what people decided about work of this device that waited.
ALTER TABLE device ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
