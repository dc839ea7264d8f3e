"""Parses the client's text frames, and the query of the WebSocket's URL, into commands. No I/O.

A parser never raises: it returns a command or a `Problem`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import orjson

from tertulia_gateway.commands import (
    AudioMark,
    ChangeAnswering,
    ChangeCast,
    ChangeMessage,
    ChangeNote,
    ChangePersona,
    ChangeSettings,
    ChangeUserName,
    Command,
    NewConversation,
    Played,
    Problem,
    RefreshCharacters,
    RequestReply,
    Resume,
    StartListening,
    StopListening,
    StopReplies,
    UserMessage,
)
from tertulia_shared import author_note
from tertulia_shared.answering import MAX_DISCUSSION, rule_problem
from tertulia_shared.cards.card import MAX_GREETINGS
from tertulia_shared.conversation_cast import seats_problem
from tertulia_shared.entries import NOBODY, Receipt
from tertulia_shared.ids import is_id
from tertulia_shared.model_settings import cleaned_setting, setting_problem
from tertulia_shared.receipts import MAX_INDEX, MAX_NEXT_SAMPLES, MAX_PLAYED_MS
from tertulia_shared.text import REFUSED_WHEN_TYPED, clean_line, clean_text
from tertulia_shared.user_name import user_name_problem

MAX_TEXT_CHARS: Final = 8_000
"""Maximum length of the text of a `user_message`."""
MAX_GAPS: Final = 1_000
"""Maximum number of gaps in one message that a client may report."""
MAX_ADDRESSEES: Final = 20
"""Maximum number of characters that a `user_message` may address."""
SHOWN_CHARS: Final = 40
"""Maximum number of characters of a client's value that an error message quotes."""

_ENTRY_ID = re.compile(r"\d{1,19}-\d{1,19}")

Data = Mapping[str, Any]


def parse(frame: str) -> Command | Problem:
    """Parse a text frame."""
    try:
        kind, data = _kind_and_data(frame)
    except _BadFrame as bad:
        return Problem(bad.code, str(bad))
    try:
        return _PARSERS[kind](data)
    except _BadField as bad:
        turn_id = data.get("turn_id")
        return Problem("bad_field", f"{kind}: {bad}.", turn_id=cast("str", turn_id) if is_id(turn_id) else "")


def parse_resume(query: Mapping[str, str]) -> Resume | Problem:
    """Parse the resume request in the URL's query: conversation_id, last_event_id, last_audio ("<message_id>/<id>")."""
    data: dict[str, object] = {name: query[name] for name in ("conversation_id", "last_event_id") if name in query}
    if query.get("last_audio"):
        message_id, _, id = query["last_audio"].partition("/")
        data["last_audio"] = {"message_id": message_id, "id": id}
    try:
        return _resume(data)
    except _BadField as bad:
        return Problem("bad_field", f"address: {bad}.")


class _BadFrame(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _BadField(Exception):
    pass


def _kind_and_data(frame: str) -> tuple[str, Data]:
    try:
        message: object = orjson.loads(frame)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise _BadFrame(
            "bad_json", f'This text frame is not JSON ({error}). Send {{"type": …, "data": {{…}}}}.'
        ) from None
    if not isinstance(message, dict):
        raise _BadFrame("bad_message", 'A text frame must be a JSON object: {"type": …, "data": {…}}.')
    fields = cast("Data", message)
    kind, data = fields.get("type"), fields.get("data")
    if not isinstance(kind, str):
        raise _BadFrame("bad_message", f"`type` must be a string, one of: {', '.join(_PARSERS)}.")
    if kind not in _PARSERS:
        raise _BadFrame("unknown_type", f"`type` {_shown(kind)} is not known. Known are: {', '.join(_PARSERS)}.")
    if data is not None and not isinstance(data, dict):
        raise _BadFrame("bad_message", f"`data` of {kind} must be an object (or be left out).")
    return kind, cast("Data", data or {})


def _user_message(data: Data) -> UserMessage:
    text = data.get("text")
    if not isinstance(text, str):
        raise _BadField(f"`text` must be a string of 1 to {MAX_TEXT_CHARS} characters")
    if REFUSED_WHEN_TYPED.search(text) is not None:
        raise _BadField("`text` holds control characters; only line breaks and tabs are allowed")
    text = clean_text(text).strip()
    if not text:
        raise _BadField(f"`text` is empty; 1 to {MAX_TEXT_CHARS} characters are allowed")
    if len(text) > MAX_TEXT_CHARS:
        raise _BadField(f"`text` has {len(text)} characters; at most {MAX_TEXT_CHARS} are allowed")
    return UserMessage(text, _turn_id(data), _addressees(data.get("to")), _optional_uuid(data, "replaces"))


def _addressees(to: object) -> str:
    if to is None:
        return ""
    if not isinstance(to, list) or len(cast("list[object]", to)) > MAX_ADDRESSEES:
        raise _BadField(f"`to` must be a list of at most {MAX_ADDRESSEES} ids of characters; [] means no character")
    return ",".join(_uuid("to", each) for each in cast("list[object]", to)) or NOBODY


def _request_reply(data: Data) -> RequestReply:
    character_id = data.get("character_id")
    greeting = _whole("greeting", data.get("greeting", 0), MAX_GREETINGS + 1)
    if greeting and character_id is None:
        raise _BadField("`greeting` needs a `character_id`: the character that says it")
    replies = _whole("replies", data.get("replies", 0), MAX_DISCUSSION)
    replaces, after = _optional_uuid(data, "replaces"), _optional_uuid(data, "after")
    if sum(map(bool, (replies, greeting, replaces, after))) > 1 and (replaces or after):
        raise _BadField("only one of `replaces`, `after`, `replies` and `greeting` is allowed")
    if after and character_id is not None:
        raise _BadField("`after` takes no `character_id`: the speaker of that reply goes on")
    return RequestReply(
        "" if character_id is None else _uuid("character_id", character_id),
        _turn_id(data),
        replies,
        greeting,
        replaces,
        after,
    )


def _choose_version(data: Data) -> ChangeMessage:
    return ChangeMessage("choose", _uuid("message_id", data.get("message_id")), _turn_id(data))


def _delete_message(data: Data) -> ChangeMessage:
    return ChangeMessage("delete", _uuid("message_id", data.get("message_id")), _turn_id(data))


def _change_answering(data: Data) -> ChangeAnswering:
    problems = [problem for name, value in data.items() if (problem := rule_problem(name, value))]
    if problems:
        raise _BadField("; ".join(problems))
    return ChangeAnswering(data)


def _change_cast(data: Data) -> ChangeCast:
    if unknown := sorted(data.keys() - {"characters", "told"}):
        raise _BadField(f"`{unknown[0][:SHOWN_CHARS]}` is not known; known are characters, told")
    characters, told = data.get("characters"), data.get("told")
    if problem := seats_problem(characters):
        raise _BadField(f"`characters` {problem}")
    if told is not None and not isinstance(told, bool):
        raise _BadField("`told` must be true or false")
    seats = None if characters is None else tuple(cast("list[str]", characters))
    return ChangeCast(seats, told, "characters" in data)


def _change_user_name(data: Data) -> ChangeUserName:
    name = data.get("name")
    if name is None:
        return ChangeUserName("" if "name" in data else None)
    if problem := user_name_problem(name):
        raise _BadField(f"`name` {problem}")
    return ChangeUserName(clean_line(cast("str", name)))


def _change_persona(data: Data) -> ChangePersona:
    persona_id = data.get("persona_id")
    if persona_id is None:
        return ChangePersona("" if "persona_id" in data else None)
    return ChangePersona(_uuid("persona_id", persona_id))


def _change_note(data: Data) -> ChangeNote:
    text, depth = data.get("text"), data.get("depth")
    if text is not None and not isinstance(text, str):
        raise _BadField("`text` must be a string; an empty one removes the note")
    if text is not None:
        text = clean_text(text).strip()
        if len(text) > author_note.MAX_CHARS:
            raise _BadField(f"`text` has {len(text)} characters; at most {author_note.MAX_CHARS} are allowed")
    if depth is not None and not author_note.is_depth(depth):
        raise _BadField(f"`depth` must be a whole number from 0 to {author_note.MAX_DEPTH}")
    return ChangeNote(text, depth)


def _change_settings(data: Data) -> ChangeSettings:
    problems: list[str] = []
    changes: dict[str, str | float | int | None] = {}
    for name, given in data.items():
        value = cleaned_setting(given)
        problem = setting_problem(name, value)
        if problem:
            problems.append(problem)
        else:
            changes[name] = cast("str | float | None", value)
    if problems:
        raise _BadField("; ".join(problems))
    return ChangeSettings(changes)


def _resume(data: Data) -> Resume:
    event_id, audio = data.get("last_event_id"), data.get("last_audio")
    return Resume(
        _uuid("conversation_id", data.get("conversation_id")),
        "" if event_id is None or event_id == "" else _entry_id("last_event_id", event_id),
        None if audio is None else _audio_mark(audio),
    )


def _audio_mark(audio: object) -> AudioMark:
    if not isinstance(audio, dict):
        raise _BadField("`last_audio` must be an object {message_id, id}")
    mark = cast("Data", audio)
    return AudioMark(_uuid("last_audio.message_id", mark.get("message_id")), _entry_id("last_audio.id", mark.get("id")))


def _played(data: Data) -> Played:
    return Played(
        Receipt(
            _uuid("message_id", data.get("message_id")),
            _whole("sentence_index", data.get("sentence_index"), MAX_INDEX),
            _whole("chunk_index", data.get("chunk_index"), MAX_INDEX),
            _whole("played_ms", data.get("played_ms"), MAX_PLAYED_MS),
            _whole("next_samples", data.get("next_samples") or 0, MAX_NEXT_SAMPLES),
        ),
        gaps=None if data.get("gaps") is None else _whole("gaps", data["gaps"], MAX_GAPS),
        gap_ms=_whole("gap_ms", data.get("gap_ms", 0), MAX_PLAYED_MS),
    )


def _turn_id(data: Data) -> str:
    return _optional_uuid(data, "turn_id")


def _optional_uuid(data: Data, name: str) -> str:
    value = data.get(name)
    return "" if value is None else _uuid(name, value)


def _uuid(name: str, value: object) -> str:
    if not is_id(value):
        raise _BadField(f"`{name}` must be a UUID in lower case with hyphens")
    return cast("str", value)


def _entry_id(name: str, value: object) -> str:
    if not isinstance(value, str) or _ENTRY_ID.fullmatch(value) is None or not value.isascii():
        raise _BadField(f'`{name}` must be an id as it was received, such as "1700000000000-0"')
    return value


def _whole(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise _BadField(f"`{name}` must be a number from 0 to {most}")
    return int(value)


def _shown(word: str) -> str:
    return repr(word if len(word) <= SHOWN_CHARS else word[:SHOWN_CHARS] + "…")


_PARSERS: Final[Mapping[str, Callable[[Data], Command]]] = {
    "user_message": _user_message,
    "request_reply": _request_reply,
    "choose_version": _choose_version,
    "delete_message": _delete_message,
    "answering": _change_answering,
    "cast": _change_cast,
    "user_name": _change_user_name,
    "persona": _change_persona,
    "note": _change_note,
    "start_listening": lambda _: StartListening(),
    "stop_listening": lambda _: StopListening(),
    "model_settings": _change_settings,
    "refresh_characters": lambda _: RefreshCharacters(),
    "new_conversation": lambda _: NewConversation(),
    "resume": _resume,
    "interrupt": lambda _: StopReplies(),
    "playback": _played,
}
