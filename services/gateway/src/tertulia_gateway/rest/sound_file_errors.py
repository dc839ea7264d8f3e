"""Why a conversation cannot be saved as a sound file now."""

from __future__ import annotations

from typing import Final

MAX_MESSAGES: Final = 2_000
MAX_CHARS: Final = 150_000
"""The most text of one file: about three hours of speech."""
RETRY_AFTER_S: Final = 30


class NothingToSpeak(Exception):
    """No message of the conversation can be spoken."""

    def __init__(self) -> None:
        super().__init__("The conversation has no message that can be spoken. Talk first, then save its sound.")


class TooLongToSpeak(Exception):
    """The conversation has more messages or text than one sound file may have."""

    def __init__(self) -> None:
        super().__init__(
            f"A sound file may have at most {MAX_MESSAGES:,} messages and {MAX_CHARS:,} characters of text, and this "
            "conversation has more. Save it as text."
        )


class SoundFileBusy(Exception):
    """Another sound file is being made."""

    def __init__(self) -> None:
        super().__init__("Another conversation is being saved as sound, and one is made at a time. Try again later.")


class SoundFileBroken(Exception):
    """Speech failed after the file had begun. It has no problem details: it ends the connection."""

    def __init__(self) -> None:
        super().__init__("speech failed after the sound file had begun")
