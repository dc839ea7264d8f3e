"""Removes what is not to be spoken: Markdown that spans several lines, addresses, HTML and emoji. Pure functions."""

from __future__ import annotations

import html
import re
from typing import Final

_EMOJI_CHAR: Final = (
    "\u203c\u2049\u2190\u2191\u2193\u2195-\u21d1\u21d3\u21d5-\u21ff\u231a\u231b\u2328\u23cf\u23e9-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
EMOJI: Final = re.compile(
    r"[0-9#*]\ufe0f?\u20e3"  # keycaps
    r"|[\u00a9\u00ae\u2122\u2139\u2192\u2194\u21d2\u21d4]\ufe0f"  # emoji only if a variation selector follows
    rf"|[{_EMOJI_CHAR}][\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]*(?:\u200d(?:[{_EMOJI_CHAR}]|[\ufe0e\ufe0f\U000e0020-\U000e007f])*)*"
    r"|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+"
)
NEEDS_CLEANING: Final = re.compile(
    rf"[*_`~#<>(\uff08\u3010\uff0a\u3008\uff3b\u3014\u00ab{{$^\[\]|\\&•‣◦▪\u00a9\u00ae\u2122\u2139{_EMOJI_CHAR}\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]|://|www\.|[-/:](?<!\S[-/:]):?[^\W\d_:]|^\s*[-+]",
    re.IGNORECASE,
)
_FENCE: Final = re.compile(r"`{3,}|~{3,}")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_AUTOLINK: Final = re.compile(r"<(?:mailto:)?((?:https?://)?[^<>\s@]*@?[^<>\s@]*\.[^<>\s]*)>", re.IGNORECASE)
_BLOCK_TAG: Final = re.compile(r"</?(?:br|hr|p|div|li|ul|ol|tr|td|th|h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-z][\w-]*(?:\s+[\w-]+=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_IMAGE: Final = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK: Final = re.compile(r"\[([^\]\n]+)\]\([^)\n]*\)")
_LINK_REST: Final = re.compile(r"\]\((?:https?:|/|#|mailto:)[^)\s]*\)")
_ADDRESS: Final = re.compile(r"(?<!\w)(?:(?:https?|ftp|wss?|file)://|www\.(?=\w))[^\s<>\"」』）】]*", re.IGNORECASE)
ADDRESS_REST: Final = re.compile(r"^\S+")
_HOST: Final = re.compile(r"(?:\w+://)?(?:[\w.+-]*@)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)
_ADDRESS_TAIL: Final = ".,;:!?)]}'*_…"
_RULE: Final = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE)
_TABLE_ROW: Final = re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.MULTILINE)
_LINE_MARKUP: Final = re.compile(
    r"^[ \t]*(?:>[ \t]*)*(?:#{1,6}[ \t]+|[-*+•‣◦▪][ \t]+(?:\[[ xX]\][ \t]+)?)?", re.MULTILINE
)


def outside_fences(text: str, fence: str) -> tuple[str, str]:
    """The text outside code blocks; and the marker of the code block that is still open at the end ("" if none is)."""
    if not fence and "```" not in text and "~~~" not in text:
        return text, ""
    outside: list[str] = []
    at = 0
    for found in _FENCE.finditer(text):
        if not fence:
            outside.append(text[at : found.start()])
            fence = found.group()
        elif found.group().startswith(fence):
            fence = ""
        at = found.end()
    if not fence:
        outside.append(text[at:])
    return " ".join(outside), fence


def without_line_markup(text: str) -> str:
    text = _RULE.sub("", text)
    if "|" in text:
        text = _TABLE_ROW.sub(_cells, text)
    return _LINE_MARKUP.sub("", text)


def _cells(row: re.Match[str]) -> str:
    cells = (cell.strip() for cell in row.group(1).split("|"))
    return ", ".join(cell for cell in cells if cell.strip("-:= "))


def without_addresses(text: str) -> tuple[str, bool]:
    """Return the text without HTML and without the targets of links; an address is replaced by its host.

    The second result is True if the text ends within an address.
    """
    if "[" in text or "]" in text:
        text = _LINK_REST.sub("", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    if "<" in text:
        text = _AUTOLINK.sub(r" \1 ", _COMMENT.sub("", text))
        text = _TAG.sub("", _BLOCK_TAG.sub(" ", text))
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
    in_address = False

    def leave_tail(address: re.Match[str]) -> str:
        nonlocal in_address
        whole = address.group()
        in_address = address.end() == len(text)
        host = _HOST.match(whole)
        return (host.group(1) if host else "") + whole[len(whole.rstrip(_ADDRESS_TAIL)) :]

    return _ADDRESS.sub(leave_tail, text), in_address
