"""Which voice speaks each message of a conversation's sound file."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_gateway.cards.voice_proposal import KnownVoice
from tertulia_gateway.sound_file.script import NO_VOICE, script
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.voice_clips import new_clip_id

NOW = utc_now()
CLIP = new_clip_id()


def voice(id: str, language: str = "en-US", *, available: bool = True) -> KnownVoice:
    return KnownVoice(id, language, "", available)


VOICES = [voice(CLIP), voice("luna"), voice("rex"), voice("emma"), voice("greta", "de"), voice("hans", "de")]


def character(voice: str, **given: Any) -> Character:
    return Character(new_id(), voice.title(), voice, "", "", active=True, created_at=NOW, updated_at=NOW, **given)


LUNA, REX = character("luna", speed=1.5, pitch=-2.0), character("rex")
TABLE = {LUNA.id: LUNA, REX.id: REX}


def message(text: str, by: Character | None = None, status: Any = "complete") -> Message:
    role, id, name = ("user", None, "You") if by is None else ("character", by.id, by.name)
    return Message(new_id(), "c", new_id(), role, id, name, text, status, 1, NOW, NOW)


def voices_of(*messages: Message, voices: list[KnownVoice] = VOICES, user_voice: str = "") -> list[str]:
    return [each.voice for each in script(messages, TABLE, TABLE, voices, user_voice)]


def test_characters_speak_as_they_do_and_the_user_with_a_voice_that_no_character_at_the_table_has() -> None:
    spoken = script([message("Hello to you."), message("Hi.", LUNA)], TABLE, TABLE, VOICES, "")
    assert [(each.voice, each.speed, each.pitch) for each in spoken] == [("emma", 1.0, 0.0), ("luna", 1.5, -2.0)]


@pytest.mark.parametrize(("user_voice", "expected"), [("rex", ["rex", "luna"]), (NO_VOICE, ["luna"])])
def test_user_voice_can_be_chosen_or_left_out(user_voice: str, expected: list[str]) -> None:
    assert voices_of(message("Hello."), message("Hi.", LUNA), user_voice=user_voice) == expected


def test_user_speaks_with_a_voice_of_the_language_of_the_users_messages() -> None:
    german = message("Ich weiß nicht, ob das die richtige Frage ist, aber es ist eine Frage.")
    assert voices_of(german, message("Ja.", LUNA)) == ["greta", "luna"]


def test_short_messages_are_in_the_language_of_the_table() -> None:
    greta = character("greta")
    table = {greta.id: greta}
    spoken = script([message("Hm?"), message("Ja.", greta)], table, table, VOICES, "")
    assert [each.voice for each in spoken] == ["hans", "greta"]


def test_taken_voice_of_the_language_is_better_than_a_free_one_of_another_language() -> None:
    assert voices_of(message("Hm?"), voices=[voice("luna"), voice("rex"), voice("greta", "de")]) == ["luna"]


def test_deleted_characters_have_free_voices_of_their_own() -> None:
    ida, otto = character("ida"), character("otto")
    lines = [message("A.", ida), message("B.", otto), message("C.", ida), message("D.", LUNA)]
    voices = [*VOICES, voice("noah"), voice("zoe")]
    assert voices_of(*lines, voices=voices) == ["emma", "noah", "emma", "luna"]


def test_character_whose_engine_is_not_running_speaks_with_a_free_voice() -> None:
    voices = [voice("luna", available=False), voice("rex"), voice("emma")]
    assert voices_of(message("Hi.", LUNA), message("Hello.", REX), voices=voices) == ["emma", "rex"]


def test_last_known_voices_are_used_while_no_engine_runs() -> None:
    voices = [voice("luna", available=False), voice("emma", available=False)]
    assert voices_of(message("Hi.", LUNA), message("Hello."), voices=voices) == ["luna", "emma"]


def test_persons_recorded_voice_is_only_used_if_there_is_no_other() -> None:
    assert voices_of(message("Hm?"), voices=[voice(CLIP), voice("greta", "de")]) == ["greta"]
    assert voices_of(message("Hm?"), voices=[voice(CLIP)]) == [CLIP]


@pytest.mark.parametrize("left_out", [message("Half a", LUNA, "streaming"), message(" ", LUNA), message("")])
def test_unfinished_and_empty_messages_are_left_out(left_out: Message) -> None:
    assert voices_of(left_out, message("Hi.", REX)) == ["rex"]
