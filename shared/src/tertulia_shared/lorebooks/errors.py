"""The error of a lorebook that cannot be used."""

from __future__ import annotations

from typing import Literal, TypeAlias

Code: TypeAlias = Literal["lorebook_too_large", "lorebook_no_json", "lorebook_not_a_lorebook", "lorebook_encoding"]


class BadLorebook(Exception):
    """The text is not a lorebook, or is larger than allowed. The message says what to do.

    `code` is the same in each release and language.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
