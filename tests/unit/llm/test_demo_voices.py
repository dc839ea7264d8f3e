"""The voices have lines for every intent, in plain sentences that can be read aloud."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from tertulia_llm.demo.intents import Intent
from tertulia_llm.demo.replies import VOICES, voice_of
from tertulia_llm.demo.topics import SUBJECTS
from tertulia_llm.demo.voices.general import GENERAL
from tertulia_llm.demo.voices.voice import Voice

ALL = {**VOICES, "general": GENERAL}
FIELDS = {"name", "persona", "user", "called", "topic", "Topic", "about", "answer", "other"}
EACH_LINE = [
    pytest.param(kind, line, id=f"{name}-{kind}-{index}")
    for name, voice in ALL.items()
    for kind, lines in (*voice.lines.items(), *voice.topics.items())
    for index, line in enumerate(lines)
]


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?= |$)", text))


def test_general_voice_has_lines_for_every_intent() -> None:
    assert set(GENERAL.lines) == set(Intent)


@pytest.mark.parametrize("voice", ALL.values(), ids=ALL)
def test_each_intent_has_at_least_two_lines_without_a_topic(voice: Voice) -> None:
    """With only one line, a character would give the same reply twice in a row."""
    for intent, lines in voice.lines.items():
        assert sum("opic}" not in line for line in lines) >= 2, intent
    assert len(voice.reactions) >= 2
    assert all(len(lines) >= 2 for lines in voice.topics.values())
    assert sum("opic}" not in line for line in voice.discussion) >= 5
    assert sum("opic}" not in line for line in voice.more) >= 2
    assert len(voice.closers) >= 2
    assert len(voice.continuations) >= 2


@pytest.mark.parametrize(("kind", "line"), EACH_LINE)
def test_lines_have_only_text_that_can_be_read_aloud(kind: str, line: str) -> None:
    least, most = (8, 12) if kind is Intent.STORY else (2, 5)
    assert least <= sentences(line) <= most
    assert line[-1] in ".!?"
    assert line.isascii()
    assert not set("*_#<>[]()\n") & set(re.sub(r"\{\w+\}", "", line))
    assert {field for _, field, _, _ in Formatter().parse(line) if field} <= FIELDS


def test_characters_with_a_voice_of_their_own_know_the_same_topics() -> None:
    assert {frozenset(voice.topics) for voice in VOICES.values()} == {frozenset(SUBJECTS)}


@pytest.mark.parametrize("voice", ALL.values(), ids=ALL)
def test_reactions_and_closers_are_single_sentences(voice: Voice) -> None:
    assert all(sentences(piece) == 1 for piece in (*voice.closers, *voice.reactions))
    assert all("{other}" in reaction for reaction in voice.reactions)
    assert all(words[0].islower() for words in voice.continuations)


def test_no_two_characters_share_a_line() -> None:
    lines = [
        line for voice in VOICES.values() for lines in (*voice.lines.values(), *voice.topics.values()) for line in lines
    ]
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("Luna", VOICES["luna"]),
        ("REX", VOICES["rex"]),
        ("Sage the Calm", VOICES["sage"]),
        ("Bruno", GENERAL),
        ("", GENERAL),
    ],
)
def test_voice_is_chosen_by_the_name_of_the_character(name: str, voice: Voice) -> None:
    assert voice_of(name) is voice
