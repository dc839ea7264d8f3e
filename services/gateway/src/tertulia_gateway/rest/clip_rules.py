"""When a voice may be made from a recording, and when it may be deleted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tertulia_gateway.problem_codes import Params, ProblemCode
from tertulia_shared.store import Character
from tertulia_shared.voice_clips import CONSENT


class ClipRefused(Exception):
    """A voice cannot be made or deleted. `field`: the field of the request that is wrong; "" if none is."""

    def __init__(self, status: int, code: str, message: str, field: str = "", params: Params | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
        self.params = params or {}


def check_texts(name: str, transcript: str, *, consent: bool) -> None:
    """Check the texts of a new voice.

    Raises:
        ClipRefused: a text says nothing, or there is no consent.
    """
    if not consent:
        message = f"Confirm the consent of the person whose voice it is: {CONSENT}"
        raise ClipRefused(422, ProblemCode.CONSENT_MISSING, message, "consent")
    if not any(char.isalnum() for char in name):
        raise ClipRefused(422, ProblemCode.UNSPEAKABLE, "The name must contain a letter or a digit.", "name")
    if not any(char.isalnum() for char in transcript):
        message = "Write what is said in the recording, word for word."
        raise ClipRefused(422, ProblemCode.TRANSCRIPT_MISSING, message, "transcript")


def check_room(name: str, taken: Iterable[str], *, count: int, limit: int, engines: Collection[str]) -> None:
    """Check that one more voice may be made. `taken`: the names of the voices that can be chosen; `count`: how many
    voices are made from recordings; `engines`: the running engines that clone.

    Raises:
        ClipRefused: it may not.
    """
    if not engines:
        message = "No speech engine that makes voices from recordings is running: see docs/engines.md."
        raise ClipRefused(409, ProblemCode.NO_CLONING_ENGINE, message)
    if count >= limit:
        message = f"{count} voices are made from recordings, and {limit} are allowed (TERTULIA_MAX_CLIPS): delete one."
        raise ClipRefused(409, ProblemCode.CLIPS_FULL, message, params={"most": limit})
    if name.casefold() in {each.casefold() for each in taken}:
        message = "There is already a voice with this name: choose another one."
        raise ClipRefused(409, ProblemCode.VOICE_NAME_TAKEN, message, "name")


def check_unused(clip_id: str, characters: Iterable[Character]) -> None:
    """Check that no character speaks with a voice.

    Raises:
        ClipRefused: the message names the characters that do.
    """
    users = [character.name for character in characters if character.voice == clip_id]
    if users:
        is_one = len(users) == 1
        message = (
            f"{', '.join(users)} {'speaks' if is_one else 'speak'} with this voice: choose another voice for "
            f"{'this character' if is_one else 'these characters'} first."
        )
        raise ClipRefused(409, ProblemCode.VOICE_IN_USE, message, params={"names": ", ".join(users)})
