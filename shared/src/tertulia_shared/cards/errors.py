"""The error of a card that cannot be used."""

from __future__ import annotations

from typing import Literal, TypeAlias

Code: TypeAlias = Literal[
    "card_too_large", "card_no_json", "card_too_deep", "card_not_a_card", "card_no_png", "card_not_in_png",
    "card_archive", "card_not_in_archive", "card_encoding",
]  # fmt: skip


class BadCard(Exception):
    """The file is not a card, or is larger than allowed. The message says what to do.

    `code` is the same in each release and language.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
