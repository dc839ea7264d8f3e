-- The JSON of the character card from which a character was imported, as it came; '' if there is none.
-- An older release ignores the column: it names the columns that it reads and writes.

ALTER TABLE characters ADD COLUMN card TEXT NOT NULL DEFAULT '' CHECK (length(card) <= 1048576);
