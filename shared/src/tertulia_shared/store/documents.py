"""Documents: texts that do not fit a conversation's settings, or belong to no conversation.

A store knows nothing about their content. The module that owns a kind reads and checks it (see `KINDS`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

import orjson

from tertulia_shared.store.errors import InvalidRecord
from tertulia_shared.store.validation import check_id

DocumentKind: TypeAlias = Literal["persona", "lorebook", "summary"]
KINDS: Final[tuple[DocumentKind, ...]] = ("persona", "lorebook", "summary")
EVERYBODY: Final = ""
"""The owner of documents that belong to no conversation."""
CONTENT_MAX_BYTES: Final = 1_048_576
DOCUMENTS_MAX: Final = 1_000
"""`DocumentStore.documents` returns at most this many, because PostgREST limits its answers."""

_ID = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Document:
    """A text of one kind. `kind`, `owner` and `id` together identify it.

    `owner` is the id of the conversation it belongs to, or `EVERYBODY`. `id` is chosen by the owner of the kind: a
    UUID, or a fixed word if each owner has only one. `content` is JSON. Of two writes of one document, the write with
    the later `updated_at` wins.
    """

    kind: DocumentKind
    owner: str
    id: str
    content: str
    updated_at: datetime


class DocumentStore(Protocol):
    """The part of a store that keeps documents."""

    async def documents(self, kind: DocumentKind, owner: str = EVERYBODY) -> list[Document]:
        """The documents of a kind that belong to `owner`, in the order of their ids, at most `DOCUMENTS_MAX`."""
        ...

    async def document(self, kind: DocumentKind, owner: str, document_id: str) -> Document | None: ...

    async def save_document(self, document: Document) -> None:
        """Insert or replace a document, unless the stored one has a later `updated_at`.

        Deleting a conversation deletes its documents.

        Raises:
            NotFound: its conversation does not exist (or no longer exists).
            InvalidRecord: a field breaks a rule (see `check_document`).
        """
        ...

    async def delete_document(self, kind: DocumentKind, owner: str, document_id: str) -> bool:
        """Delete a document; False if it did not exist."""
        ...


def check_document(document: Document) -> None:
    """Check a document. Raises: InvalidRecord."""
    if document.kind not in KINDS:
        raise InvalidRecord("document.kind", f"{document.kind!r} is not one of {', '.join(KINDS)}")
    if document.owner != EVERYBODY:
        check_id("document.owner", document.owner)
    if _ID.fullmatch(document.id) is None:
        raise InvalidRecord(
            "document.id", "must have 1 to 64 of the characters a-z, 0-9, _ and -; use str(uuid.UUID(…))"
        )
    try:
        size = len(document.content.encode())
        if size <= CONTENT_MAX_BYTES:
            orjson.loads(document.content)
    except ValueError as error:  # also half of a surrogate pair
        raise InvalidRecord("document.content", f"is not JSON ({error})") from None
    if size > CONTENT_MAX_BYTES:
        raise InvalidRecord("document.content", f"{size} bytes; at most {CONTENT_MAX_BYTES} are stored")
