"""What the gateway takes from a client, the store takes from it: in every field, whatever characters it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tertulia_gateway.commands import ChangeSettings, Problem, UserMessage, parse
from tertulia_gateway.rest.shapes import CharacterChange, NewCharacter, Rename
from tertulia_llm.turn_rows import title_of
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, InvalidRecord, Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import (
    check_character,
    check_message,
    check_title,
    encode_settings,
    fitted_message,
)

T = TypeVar("T")
CONTROLS = "\x00\x07\t\n\x0b\x0c\r\x1b\x1f\x7f\x80\x81\x85\x92\x9f\u2028\u2029\ufeff\ufffe\ud83d\ude00<>"
CHARACTERS = st.sampled_from(CONTROLS) | st.characters(exclude_categories=())
ANY = st.text(CHARACTERS, max_size=30)


def repeated(text: str, times: int) -> str:
    return text * times


LONG = st.builds(repeated, ANY, st.sampled_from([1, 10, 300, 10_000]))
NOT_ABOUT_CHARACTERS = ("< or >", "a letter or a digit", "data: URI")
"""What the store asks of a character beyond its text; the API's answer repeats it."""


def raw_frame(kind: str, data: object) -> str:
    """As a browser sends it: characters as they are, not as escapes; halves of pairs can only be escapes."""
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False)


def taken(make: Callable[[], T]) -> T | None:
    with suppress(ValidationError):
        return make()
    return None


def refusal(character: Character) -> str:
    try:
        check_character(character)
    except InvalidRecord as error:
        return str(error)
    return ""


def row(text: str, name: str = "Jay") -> Message:
    now, id = utc_now(), new_id()
    return Message(id, new_id(), id, "user", None, name, text, "complete", 0, now, now)


@given(LONG, st.sampled_from(["plain", "escaped"]))
def test_a_message(text: str, how: str) -> None:
    frame = raw_frame("user_message", {"text": text})
    command = parse(json.dumps(json.loads(frame)) if how == "escaped" else frame)
    assert isinstance(command, UserMessage | Problem)
    if isinstance(command, UserMessage):
        check_message(row(command.text))
        check_title(title_of(command.text))
        assert orjson.dumps(command.text)


@given(LONG, st.floats() | st.integers() | st.none(), st.floats() | st.integers() | st.booleans())
def test_model_settings(model: str, temperature: float | None, top_k: float) -> None:
    data = {"model": model, "temperature": temperature, "top_k": top_k}
    for name, value in data.items():  # one that is refused keeps the others out
        command = parse(raw_frame("model_settings", {name: value}))
        assert isinstance(command, ChangeSettings | Problem)
        if isinstance(command, ChangeSettings):
            encode_settings(dict(command.changes))
            assert orjson.dumps(dict(command.changes))


@given(LONG)
def test_a_title(title: str) -> None:
    if (rename := taken(lambda: Rename(title=title))) is not None:
        check_title(rename.title)


@given(LONG, LONG, LONG, LONG)
def test_a_character(name: str, voice: str, prompt: str, image: str) -> None:
    for fields in ({"name": name}, {"voice": voice}, {"system_prompt": prompt}, {"image": image}):
        whole = {"name": "Luna", "voice": "luna", **fields}
        new = taken(lambda whole=whole: NewCharacter.model_validate(whole))
        change = taken(lambda fields=fields: CharacterChange.model_validate(fields))
        assert (new is None) == (change is None), "a change is as free as a beginning"
        if new is not None:
            now = utc_now()
            refused = refusal(Character(new_id(), created_at=now, updated_at=now, **new.model_dump()))
            assert not refused or any(reason in refused for reason in NOT_ABOUT_CHARACTERS), refused


@given(LONG, LONG)
def test_a_row_that_an_outbox_holds(text: str, name: str) -> None:
    """Its text came from a model, a recognizer or a setting, or from another release."""
    check_message(fitted_message(row(text, name)))
