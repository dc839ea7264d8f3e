-- The place of a character in the order that the user chose; 1000: none, it sits behind those that have one.
-- An older release ignores the column: it names the columns that it reads and writes.

ALTER TABLE characters ADD COLUMN seat INTEGER NOT NULL DEFAULT 1000 CHECK (seat BETWEEN 0 AND 1000);
