-- The model's settings of a character ({} means those of the conversation), and the usage of a reply's requests.
-- An older release ignores both columns: it names the columns that it reads and writes.

ALTER TABLE characters ADD COLUMN model_settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(model_settings));

ALTER TABLE messages ADD COLUMN usage TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(usage));
