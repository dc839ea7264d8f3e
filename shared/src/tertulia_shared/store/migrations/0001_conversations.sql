-- The same tables, columns and keys as in the PostgreSQL store; there ids are uuid, times timestamptz, settings jsonb.
-- Times are ISO 8601 text in UTC with microseconds, so that text order is time order.

CREATE TABLE conversations (
    id             TEXT PRIMARY KEY,
    title          TEXT NOT NULL,
    model_settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(model_settings)),
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT;

CREATE INDEX conversations_newest ON conversations (updated_at DESC, id DESC);

CREATE TABLE characters (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    -- The form of the name for comparisons: SQLite's NOCASE covers ASCII only.
    name_key      TEXT NOT NULL UNIQUE,
    voice         TEXT NOT NULL,
    system_prompt TEXT NOT NULL,
    image         TEXT NOT NULL,
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;

CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn_id         TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('user', 'character')),
    -- No foreign key: messages outlive their character, and deleting it in mid-turn must not fail the turn.
    character_id    TEXT,
    character_name  TEXT NOT NULL,
    text            TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'interrupted', 'failed')),
    position        INTEGER NOT NULL,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    CHECK ((role = 'user') = (character_id IS NULL))
) STRICT;

-- Not unique: a repeated turn in which other characters answer may use a position twice.
CREATE INDEX messages_in_order ON messages (conversation_id, position, id);

-- The sets of first rows that were inserted, so that rows that the user deleted stay deleted.
CREATE TABLE seeds (
    name       TEXT PRIMARY KEY,
    applied_at TEXT NOT NULL
) STRICT;
