-- Texts that do not fit a conversation's settings, or belong to no conversation: personas, lorebooks, summaries.
-- An older release ignores the table; the trigger also deletes a conversation's documents when that release deletes it.

CREATE TABLE documents (
    kind       TEXT NOT NULL,
    -- The id of a conversation, or '': it belongs to everybody. So it is no foreign key.
    owner      TEXT NOT NULL,
    id         TEXT NOT NULL,
    content    TEXT NOT NULL CHECK (length(content) <= 1048576),
    updated_at TEXT NOT NULL,
    PRIMARY KEY (kind, owner, id)
) STRICT;

CREATE INDEX documents_of_owner ON documents (owner);

CREATE TRIGGER documents_of_deleted_conversation AFTER DELETE ON conversations
BEGIN
    DELETE FROM documents WHERE owner = old.id;
END;
