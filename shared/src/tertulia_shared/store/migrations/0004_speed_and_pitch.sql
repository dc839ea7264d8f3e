-- How a character speaks: a factor of its voice's own speed, and semitones from its voice's own pitch.
-- An older release ignores both columns: it names the columns that it reads and writes.

ALTER TABLE characters ADD COLUMN speed REAL NOT NULL DEFAULT 1 CHECK (speed BETWEEN 0.5 AND 2);

ALTER TABLE characters ADD COLUMN pitch REAL NOT NULL DEFAULT 0 CHECK (pitch BETWEEN -6 AND 6);
