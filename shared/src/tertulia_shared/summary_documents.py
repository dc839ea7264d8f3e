"""Keeps the summary of a conversation in the store, as a document of the conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from tertulia_shared.conversation_summary import DOCUMENT, NO_SUMMARY, Summary, summary_from_json
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Document, Store


async def stored_summary(store: Store, conversation_id: str) -> Summary:
    """The stored summary; an empty one if there is none. Raises: StoreError."""
    document = await store.document(DOCUMENT, conversation_id, DOCUMENT)
    return NO_SUMMARY if document is None else summary_from_json(document.content)


def summary_document(conversation_id: str, summary: Summary) -> Document:
    """The document that keeps a summary. The store keeps the later of two."""
    changed_at = datetime.fromtimestamp(summary.made_at_ms / 1000, UTC)
    return Document(DOCUMENT, conversation_id, DOCUMENT, summary.to_json(), changed_at)


async def save_summary(outbox: Outbox, conversation_id: str, summary: Summary, *, title: str | None = None) -> None:
    """Save a summary, unless the store has a later one. `title`: create the conversation first, with this title.

    Raises:
        NotFound: the conversation was deleted. StoreError, BusError: as `Outbox.save_document`.
    """
    await outbox.save_document(summary_document(conversation_id, summary), title=title)
