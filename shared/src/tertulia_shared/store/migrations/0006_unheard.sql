-- The text of an interrupted reply after the part that was heard. `text` has the part that was heard.
-- An older release ignores the column: it names the columns that it reads and writes.

ALTER TABLE messages ADD COLUMN unheard TEXT NOT NULL DEFAULT '';
