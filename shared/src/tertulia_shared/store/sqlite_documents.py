"""The documents of the SQLite store."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from tertulia_shared.store.documents import DOCUMENTS_MAX, EVERYBODY, Document, DocumentKind, check_document
from tertulia_shared.store.errors import NotFound
from tertulia_shared.store.records import time_from_text, time_to_text
from tertulia_shared.store.sqlite_thread import SQLiteThread

_LIST: Final = "SELECT id, content, updated_at FROM documents WHERE kind = ? AND owner = ? ORDER BY id LIMIT ?"
_ONE: Final = "SELECT id, content, updated_at FROM documents WHERE kind = ? AND owner = ? AND id = ?"
_SAVE: Final = """
INSERT INTO documents (kind, owner, id, content, updated_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kind, owner, id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
WHERE excluded.updated_at >= documents.updated_at
"""
_DELETE: Final = "DELETE FROM documents WHERE kind = ? AND owner = ? AND id = ?"


class SQLiteDocuments:
    """`DocumentStore` on the two threads of `SQLiteStore`, which inherits it."""

    _writer: SQLiteThread
    _reader: SQLiteThread

    async def documents(self, kind: DocumentKind, owner: str = EVERYBODY) -> list[Document]:
        rows = await self._reader.submit(lambda db: db.execute(_LIST, (kind, owner, DOCUMENTS_MAX)).fetchall())
        return [_document(kind, owner, row) for row in rows]

    async def document(self, kind: DocumentKind, owner: str, document_id: str) -> Document | None:
        row = await self._reader.submit(lambda db: db.execute(_ONE, (kind, owner, document_id)).fetchone())
        return None if row is None else _document(kind, owner, row)

    async def save_document(self, document: Document) -> None:
        check_document(document)
        row = (document.kind, document.owner, document.id, document.content, time_to_text(document.updated_at))

        def save(db: sqlite3.Connection) -> None:
            if document.owner != EVERYBODY and not _has_conversation(db, document.owner):
                raise NotFound("conversation", document.owner)
            db.execute(_SAVE, row)

        await self._writer.submit(save)

    async def delete_document(self, kind: DocumentKind, owner: str, document_id: str) -> bool:
        return await self._writer.submit(lambda db: db.execute(_DELETE, (kind, owner, document_id)).rowcount > 0)


def _has_conversation(db: sqlite3.Connection, conversation_id: str) -> bool:
    return db.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)).fetchone() is not None


def _document(kind: DocumentKind, owner: str, row: tuple[Any, ...]) -> Document:
    document_id, content, updated_at = row
    return Document(kind, owner, document_id, content, time_from_text(updated_at))
