-- Versions of messages. `messages` has what is at the table; `replaces` is the id of the first version of the message.
-- `set_aside` has the other versions and the messages that followed them. `branch` is the id of the version that begins
-- the branch of the message; '' if the message was removed: the row then has no text, and only prevents that a late
-- write brings the message back. `displaced_by` is the version that took the place of the version that begins the branch.
-- An older release ignores the column and the table: it names the columns that it reads and writes.

ALTER TABLE messages ADD COLUMN replaces TEXT NOT NULL DEFAULT '';

CREATE INDEX messages_replacing ON messages (replaces) WHERE replaces <> '';

CREATE TABLE set_aside (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn_id         TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('user', 'character')),
    character_id    TEXT,
    character_name  TEXT NOT NULL,
    text            TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'interrupted', 'failed')),
    position        INTEGER NOT NULL,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    usage           TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(usage)),
    unheard         TEXT NOT NULL DEFAULT '',
    replaces        TEXT NOT NULL DEFAULT '',
    branch          TEXT NOT NULL,
    displaced_by    TEXT NOT NULL,
    CHECK ((role = 'user') = (character_id IS NULL))
) STRICT;

CREATE INDEX set_aside_in_order ON set_aside (conversation_id, position, id);
CREATE INDEX set_aside_branches ON set_aside (branch);
CREATE INDEX set_aside_replacing ON set_aside (replaces) WHERE replaces <> '';

-- A late write of a message that is set aside must not bring it back to the table, not even one of an older release.
CREATE TRIGGER set_aside_stays BEFORE INSERT ON messages
WHEN EXISTS (SELECT 1 FROM set_aside WHERE id = NEW.id)
BEGIN
    SELECT RAISE(IGNORE);
END;
