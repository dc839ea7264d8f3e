from __future__ import annotations

import pytest

from tertulia_shared.author_note import DEPTH, MAX_CHARS, AuthorNote, note_of, possible_note, stored_note
from tertulia_shared.conversation_state import ConversationState, StateField


def in_state(raw: bytes) -> ConversationState:
    return ConversationState({StateField.NOTE.raw: raw})


@pytest.mark.parametrize("note", [AuthorNote(), AuthorNote("It rains.", 0), AuthorNote("a\nb"), AuthorNote("", 50)])
def test_note_survives_the_state_and_the_stored_settings(note: AuthorNote) -> None:
    assert note_of(in_state(str(note.fields()["note"]).encode())) == note
    assert stored_note(note.stored()) == note
    assert AuthorNote().stored() == {}


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff"])
def test_damaged_note_counts_as_missing(raw: bytes) -> None:
    assert note_of(in_state(raw)) == AuthorNote()
    assert note_of(ConversationState({})) == AuthorNote()


@pytest.mark.parametrize("depth", [-1, 51, True, 1.5, "4", None])
def test_impossible_parts_of_an_untrusted_note_are_left_out(depth: object) -> None:
    assert possible_note({"text": " x" * 9_000, "depth": depth}).depth == DEPTH
    assert len(possible_note({"text": "x" * 9_000}).text) == MAX_CHARS
    assert possible_note({"text": 5, "depth": 0}) == AuthorNote("", 0)
