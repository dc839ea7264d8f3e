"""When a voice may be made from a recording, and when it may be deleted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tertulia_shared.store import Character
from tertulia_shared.voice_clips import CONSENT


class ClipRefused(Exception):
    """A voice cannot be made or deleted. `field`: the field of the request that is wrong; "" if none is."""

    def __init__(self, status: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def check_texts(name: str, transcript: str, *, consent: bool) -> None:
    """Check the texts of a new voice.

    Raises:
        ClipRefused: a text says nothing, or there is no consent.
    """
    if not consent:
        raise ClipRefused(422, f"Confirm the consent of the person whose voice it is: {CONSENT}", "consent")
    if not any(char.isalnum() for char in name):
        raise ClipRefused(422, "The name must contain a letter or a digit.", "name")
    if not any(char.isalnum() for char in transcript):
        raise ClipRefused(422, "Write what is said in the recording, word for word.", "transcript")


def check_room(name: str, taken: Iterable[str], *, count: int, limit: int, engines: Collection[str]) -> None:
    """Check that one more voice may be made. `taken`: the names of the voices that can be chosen; `count`: how many
    voices are made from recordings; `engines`: the running engines that clone.

    Raises:
        ClipRefused: it may not.
    """
    if not engines:
        raise ClipRefused(409, "No speech engine that makes voices from recordings is running: see docs/engines.md.")
    if count >= limit:
        raise ClipRefused(
            409, f"{count} voices are made from recordings, and {limit} are allowed (TERTULIA_MAX_CLIPS): delete one."
        )  # fmt: skip
    if name.casefold() in {each.casefold() for each in taken}:
        raise ClipRefused(409, "There is already a voice with this name: choose another one.", "name")


def check_unused(clip_id: str, characters: Iterable[Character]) -> None:
    """Check that no character speaks with a voice.

    Raises:
        ClipRefused: the message names the characters that do.
    """
    users = [character.name for character in characters if character.voice == clip_id]
    if users:
        raise ClipRefused(
            409, f"{', '.join(users)} {'speaks' if len(users) == 1 else 'speak'} with this voice: choose another voice "
            f"for {'this character' if len(users) == 1 else 'these characters'} first."
        )  # fmt: skip
