"""Decides with which voice each message of a conversation is spoken, for its sound file. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_gateway.cards.voice_proposal import KnownVoice, language_in
from tertulia_shared.store import Character, Message
from tertulia_shared.voice_clips import is_clip_id

NO_VOICE: Final = "none"
"""The value of `user_voice` that leaves the user's messages out."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message to speak, and how. `speed` and `pitch` are as in `TTSSentence`."""

    message: Message
    voice: str
    speed: float = 1.0
    pitch: float = 0.0


def script(
    messages: Iterable[Message],
    characters: Mapping[str, Character],
    table: Collection[str],
    voices: Sequence[KnownVoice],
    user_voice: str,
) -> list[Spoken]:
    """The messages to speak, in order: all with a text, except unfinished replies and those of "none".

    A character speaks with its own voice. One that was deleted, or whose voice no running engine has, speaks with a
    free voice of the language of its messages, or if there is none, with any voice of that language.

    Args:
        messages: those of one conversation. characters: by id. voices: all known ones.
        table: the ids of the characters at the conversation's table.
        user_voice: a voice's id, `NO_VOICE`, or "" for a free voice.
    """
    heard = [message for message in messages if message.status != "streaming" and message.text.strip()]
    running = [voice for voice in voices if voice.available] or list(voices)
    there = {voice.id for voice in running}
    speakers = {_speaker(message) for message in heard} | set(table)
    own = {key: characters[key] for key in speakers if key in characters and characters[key].voice in there}
    given: dict[str, str] = {key: character.voice for key, character in own.items()}
    if user_voice:
        given[""] = user_voice
    for message in heard:
        speaker = _speaker(message)
        if speaker not in given:
            said = " ".join(each.text for each in heard if _speaker(each) == speaker)
            given[speaker] = _free_voice(language_in(said) or _language_of(given, running), running, given.values())
    return [
        Spoken(message, given[key], own[key].speed, own[key].pitch) if key in own else Spoken(message, given[key])
        for message in heard
        if given[key := _speaker(message)] != NO_VOICE
    ]


def _speaker(message: Message) -> str:
    """The character's id, its name if there is no id, or "" for the user."""
    return "" if message.role == "user" else message.character_id or message.character_name


def _language_of(given: Mapping[str, str], voices: Sequence[KnownVoice]) -> str:
    """The language of the first voice at the table; English if nobody has a voice yet."""
    languages = {voice.id: _language(voice) for voice in voices}
    return next((languages[voice] for voice in given.values() if languages.get(voice, "und") != "und"), "en")


def _free_voice(language: str, voices: Sequence[KnownVoice], taken: Collection[str]) -> str:
    """The id of the best voice; "" if there are none. A voice made from a person's recording comes last."""

    def rank(voice: KnownVoice) -> tuple[bool, bool, bool, bool]:
        spoken = _language(voice)
        return (not is_clip_id(voice.id), spoken in (language, "und"), voice.id not in taken, spoken == language)

    return max(voices, key=rank).id if voices else ""


def _language(voice: KnownVoice) -> str:
    return voice.language.partition("-")[0].lower()
