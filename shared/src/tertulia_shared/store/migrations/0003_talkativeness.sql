-- How often a character answers a remark that is addressed to no one.
-- An older release ignores the column: it names the columns that it reads and writes.

ALTER TABLE characters ADD COLUMN talkativeness INTEGER NOT NULL DEFAULT 50 CHECK (talkativeness BETWEEN 0 AND 100);
