"""JSON of other programs: halves of surrogate pairs in it do not make a file unreadable."""

from __future__ import annotations

import json

import orjson
import pytest

from tertulia_gateway.rest.file_json import parsed
from tertulia_gateway.rest.import_file import read_file


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"cut \ud83d"', "cut \ufffd"),
        (r'"\ude00\uD83D\uDE00\ud83d\\ud83d"', "\ufffd\U0001f600\ufffd\\ud83d"),
        (r'"\\ud83d \n\u00e9 \ud83d\u0041"', "\\ud83d \n\xe9 \ufffdA"),
        (r'{"\udfff": 1}', {"\ufffd": 1}),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
    ],
)
def test_half_a_pair_becomes_a_replacement_character(written: str, read: object) -> None:
    assert parsed(written.encode()) == read


@pytest.mark.parametrize("written", ["", "{", r'"\ud83d', r'"\x"', r'{"a": \ud83d}', "\\"])
def test_invalid_json_stays_invalid(written: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        parsed(written.encode())


def test_conversation_with_a_cut_emoji_is_imported() -> None:
    message = {"role": "user", "text": "Hi \ud83d"}
    ours = json.dumps({"format": "tertulia.conversation/1", "messages": [message]})
    chat = json.dumps({"name": "Ann", "is_user": True, "mes": "Hi \ud83d"})
    for content in (ours, chat, f'{{"user_name": "Ann"}}\n{chat}'):
        assert [each.text for each in read_file(content.encode()).messages] == ["Hi \ufffd"]
