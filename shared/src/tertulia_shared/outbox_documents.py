"""Writes of documents in the `store` stream, and the documents that they name."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from tertulia_shared import codec
from tertulia_shared.codec import BadEntry
from tertulia_shared.entries import StoreWrite
from tertulia_shared.store import Document, DocumentKind


def document_write(document: Document) -> StoreWrite:
    row = {
        "kind": document.kind,
        "id": document.id,
        "content": document.content,
        "updated_at": document.updated_at.isoformat(),
    }
    return StoreWrite("document", document.owner, row=codec.pack(row))


def delete_document_write(kind: DocumentKind, conversation_id: str, document_id: str) -> StoreWrite:
    return StoreWrite("delete_document", conversation_id, row=codec.pack({"kind": kind, "id": document_id}))


def document_of(write: StoreWrite) -> Document:
    """The document in a store write. Raises: BadEntry."""
    match codec.unpack(write.row):
        case {"kind": str(kind), "id": str(document_id), "content": str(content), "updated_at": str(updated_at)}:
            try:
                time = datetime.fromisoformat(updated_at)
            except ValueError as error:
                raise BadEntry(f"the document of a store write has no time: {error}") from error
            # the store refuses an unknown kind
            return Document(cast("DocumentKind", kind), write.conversation_id, document_id, content, time)
        case _:
            raise BadEntry("a store write has no document")


def deleted_document_of(write: StoreWrite) -> tuple[DocumentKind, str]:
    """The kind and the id of the document that a store write deletes. Raises: BadEntry."""
    match codec.unpack(write.row):
        case {"kind": str(kind), "id": str(document_id)}:
            return cast("DocumentKind", kind), document_id
        case _:
            raise BadEntry("a store write names no document to delete")
