"""Decodes text files that a person chose: UTF-8, or UTF-16 as editors on Windows write it. Pure."""

from __future__ import annotations

import codecs
from typing import Final

WANTED: Final = "UTF-8, or UTF-16 with a byte order mark"
"""The encodings that are read, for error messages."""
_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, *_UTF_32, *_UTF_16)


class UnknownEncoding(ValueError):
    """The bytes are not text in one of the encodings that are read."""

    def __init__(self) -> None:
        super().__init__(f"the text is not in {WANTED}")


def decoded(data: bytes) -> str:
    """The text of a file, without its byte order mark.

    Raises:
        UnknownEncoding: it is neither UTF-8 nor UTF-16 with a byte order mark.
    """
    # the mark of UTF-32 begins like that of UTF-16
    if data.startswith(_UTF_32):
        raise UnknownEncoding
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise UnknownEncoding from None
