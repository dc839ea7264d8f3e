"""Derives the spoken text from the written one.

Dropped: code blocks (fenced with three backticks or tildes), images, bare addresses, HTML tags, emoji, rules and table
lines, stage directions. Kept without their markup: emphasis, headings, list items (a number stays, as in "1. Wash
it."), quotes, links (their text), inline code, table cells (with commas between).

`*A span in single asterisks*` is a stage direction when it stands alone (at the start of the text, or after a
finished sentence), or when it begins with a verb of the stage (*laughs*, *leans in*). Elsewhere it is emphasis and is
spoken: "I am *very* sure". At the start, a capital or a plain single word followed by lower case is emphasis too:
"*Nobody* knows". `**Bold**` is never a direction.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from typing import Final

_LONGEST_DIRECTION_CHARS: Final = 240
"""An asterisk that is not closed within this much text began no stage direction; the text after it is spoken."""

_EMOJI_CHAR: Final = (
    "\u203c\u2049\u2190-\u21ff\u231a\u231b\u2328\u23cf\u23e9-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_EMOJI: Final = re.compile(
    r"[0-9#*]\ufe0f?\u20e3"  # keycaps
    r"|[\u00a9\u00ae\u2122\u2139]\ufe0f"  # signs that are emoji only when a selector says so
    rf"|[{_EMOJI_CHAR}][\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]*(?:\u200d(?:[{_EMOJI_CHAR}]|[\ufe0e\ufe0f\U000e0020-\U000e007f])*)*"
    r"|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+"
)
_NEEDS_CLEANING: Final = re.compile(
    rf"[*_`~#<>\[\]|\\&•‣◦▪\u00a9\u00ae\u2122\u2139{_EMOJI_CHAR}\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]|://|www\.|^\s*[-+]",
    re.IGNORECASE,
)
_FENCE: Final = re.compile(r"`{3,}|~{3,}")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_AUTOLINK: Final = re.compile(r"<(?:https?://|mailto:)[^<>\s]*>", re.IGNORECASE)
_BLOCK_TAG: Final = re.compile(r"</?(?:br|hr|p|div|li|ul|ol|tr|td|th|h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-z][\w-]*(?:\s+[\w-]+=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_IMAGE: Final = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK: Final = re.compile(r"\[([^\]\n]+)\]\([^)\n]*\)")
_LINK_REST: Final = re.compile(r"\]\((?:https?:|/|#|mailto:)[^)\s]*\)")
_ADDRESS: Final = re.compile(r"(?<!\w)(?:(?:https?|ftp|wss?|file)://|www\.(?=\w))[^\s<>\"」』）】]*", re.IGNORECASE)  # noqa: RUF001
_ADDRESS_REST: Final = re.compile(r"^\S+")
_ADDRESS_TAIL: Final = ".,;:!?)]}'*_…"
_RULE: Final = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE)
_TABLE_ROW: Final = re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.MULTILINE)
_LINE_MARKUP: Final = re.compile(
    r"^[ \t]*(?:>[ \t]*)*(?:#{1,6}[ \t]+|[-*+•‣◦▪][ \t]+(?:\[[ xX]\][ \t]+)?)?", re.MULTILINE
)
_BOLD: Final = re.compile(r"(?<![\w*])(\*{2,3})(?=\S)([^\n]+?)(?<=\S)\1(?!\*)|(?<=\w)\*\*(?=[^\W_])([^\n*]+?)\*\*")
_UNDERLINE: Final = re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^\n]*?[^\s_])\1(?!\w)")
_STRUCK: Final = re.compile(r"~~(?=\S)([^\n]+?)~~")
_CODE: Final = re.compile(r"`+([^`\n]*)`+")
_ASTERISK_SPAN: Final = re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]+?)(?<!\s)\*(?![\w*])")
_OPEN_ASTERISK: Final = re.compile(r"(?<![\w*])\*(?=[^\W\d_])([^*]*)$")
_LOOSE_ASTERISKS: Final = re.compile(r"(?<![\w*])\*+(?=[^\s\d*])|(?<=[^\s*\d])\*+(?![\w*])|`")
_LOOSE_UNDERSCORES: Final = re.compile(r"(?<!\w)_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?!\w)")
_ENDS_SENTENCE: Final = re.compile(r"(?:^|[.!?…。！？:：\n][\"'”’»)\]」』]*)\s*$")  # noqa: RUF001
_SPACE_BEFORE_MARK: Final = re.compile(r"[ ]+(?=[,.;:!?](?:\s|$))")
_LEADING_MARK: Final = re.compile(r"^(?:[,;:]+|[.!?…]+(?=\s|$))\s*")

_VERBS: Final = """
smiles laughs sighs nods grins chuckles winks giggles shrugs smirks frowns blushes gasps whispers mutters mumbles
pauses leans looks glances stares gazes tilts raises lifts lowers turns walks steps sits stands waves points claps
coughs clears yawns stretches bows hugs pats taps crosses rolls shakes scratches rubs bites snorts sobs cries
cackles beams pouts purrs growls groans hums sings gestures reaches takes puts places holds hands pulls pushes
opens closes squints blinks shivers trembles stammers stutters sniffs sniffles swallows exhales inhales breathes
thinks ponders hesitates snickers facepalms kisses dances jumps twirls spins bounces scoffs huffs winces
smiling laughing sighing nodding grinning chuckling winking giggling shrugging smirking whispering leaning looking
pausing blushing
"""
_STAGE_VERBS: Final = frozenset(_VERBS.split())


@dataclass(frozen=True, slots=True)
class SpeechState:
    """The constructs that the text so far leaves open."""

    fence: str = ""
    """The marker of the code block the text is in, or ""."""
    direction_chars: int = 0
    """Characters dropped of a stage direction that is still open; 0 outside one."""
    in_address: bool = False
    """The text ended inside an address."""
    at_line_start: bool = True

    @property
    def nothing_open(self) -> bool:
        return not (self.fence or self.direction_chars or self.in_address)


def speakable(text: str, state: SpeechState) -> tuple[str, SpeechState]:
    """Return the part of `text` to be spoken, and the state for the text that follows it.

    The spoken text is one line, with single spaces; "" if it has no letter and no digit.
    """
    at_line_start = text.endswith("\n") if text.strip() else (state.at_line_start or "\n" in text)
    if state.nothing_open and not _NEEDS_CLEANING.search(text):
        return _if_pronounceable(" ".join(text.split())), _AT_LINE_START if at_line_start else _MID_LINE

    visible, fence = _outside_fences(text, state.fence)
    if state.in_address:
        visible = _ADDRESS_REST.sub("", visible)
    visible, direction_chars = _after_open_direction(visible, state.direction_chars)
    if state.at_line_start:
        visible = _without_line_markup(visible)
    elif "\n" in visible:
        head, _, tail = visible.partition("\n")
        visible = f"{head}\n{_without_line_markup(tail)}"
    visible, in_address = _without_addresses(visible)
    visible = _EMOJI.sub("", visible)
    visible, opened_chars = _without_emphasis_and_directions(visible)
    spoken = _SPACE_BEFORE_MARK.sub("", " ".join(visible.split()))
    spoken = _LEADING_MARK.sub("", spoken)
    return _if_pronounceable(spoken), replace(
        state,
        fence=fence,
        direction_chars=direction_chars or opened_chars,
        in_address=(in_address or (state.in_address and not visible)) and not fence,
        at_line_start=at_line_start,
    )


_AT_LINE_START: Final = SpeechState()
_MID_LINE: Final = SpeechState(at_line_start=False)


def _if_pronounceable(spoken: str) -> str:
    return spoken if any(char.isalnum() for char in spoken) else ""


def _outside_fences(text: str, fence: str) -> tuple[str, str]:
    """The text outside code blocks, and the marker of the block still open at its end."""
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


def _after_open_direction(text: str, dropped_chars: int) -> tuple[str, int]:
    """The text after a stage direction that began earlier; the characters dropped so far if it continues."""
    if not dropped_chars:
        return text, 0
    closing = text.find("*")
    if closing >= 0:
        return text[closing + 1 :], 0
    dropped_chars += len(text)
    if dropped_chars > _LONGEST_DIRECTION_CHARS:
        return text, 0
    return "", 0 if text.endswith("\n") else dropped_chars


def _without_line_markup(text: str) -> str:
    text = _RULE.sub("", text)
    if "|" in text:
        text = _TABLE_ROW.sub(_cells, text)
    return _LINE_MARKUP.sub("", text)


def _cells(row: re.Match[str]) -> str:
    cells = (cell.strip() for cell in row.group(1).split("|"))
    return ", ".join(cell for cell in cells if cell.strip("-:= "))


def _without_addresses(text: str) -> tuple[str, bool]:
    """Return the text without links' targets, bare addresses and HTML; True if it ends inside an address."""
    if "[" in text or "]" in text:
        text = _LINK_REST.sub("", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    if "<" in text:
        text = _AUTOLINK.sub("", _COMMENT.sub("", text))
        text = _TAG.sub("", _BLOCK_TAG.sub(" ", text))
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
    in_address = False

    def leave_tail(address: re.Match[str]) -> str:
        nonlocal in_address
        whole = address.group()
        in_address = address.end() == len(text)
        return whole[len(whole.rstrip(_ADDRESS_TAIL)) :]

    return _ADDRESS.sub(leave_tail, text), in_address


def _without_emphasis_and_directions(text: str) -> tuple[str, int]:
    """The text without markers and stage directions; the length of a direction that the text leaves open, else 0."""
    if "\\" in text:  # an escaped marker is a plain character: hide it from the rules below
        text = text.replace("\\*", "\ue000").replace("\\_", "\ue001")
        text = re.sub(r"\\(?=[`~#\[\]()<>|!.+-])", "", text)
    if "`" in text:
        text = _CODE.sub(r"\1", text)
    if "~~" in text:
        text = _STRUCK.sub(r"\1", text)
    if "_" in text:
        text = _UNDERLINE.sub(r"\2", text)
        text = _LOOSE_UNDERSCORES.sub("", text)
    opened_chars = 0
    if "*" in text:
        text = _BOLD.sub(lambda bold: bold.group(2) or bold.group(3), text)
        text = _without_directions(text)
        opened = _OPEN_ASTERISK.search(text)
        if opened and not text.endswith("\n") and _ENDS_SENTENCE.search(text[: opened.start()]):
            opened_chars = len(text) - opened.start()
            text = text[: opened.start()]
    if "*" in text or "`" in text:
        text = _LOOSE_ASTERISKS.sub("", text)
    return text.replace("\ue000", "*").replace("\ue001", "_"), opened_chars


def _without_directions(text: str) -> str:
    kept: list[str] = []
    at = 0
    for span in _ASTERISK_SPAN.finditer(text):
        kept.append(text[at : span.start()])
        at = span.end()
        if not _is_direction(span.group(1), "".join(kept), text[at:]):
            kept.append(span.group(1))
    kept.append(text[at:])
    return "".join(kept)


def _is_direction(span: str, before: str, after: str) -> bool:
    first_word, _, more = span.partition(" ")
    if first_word.strip(".,!?…").casefold() in _STAGE_VERBS:
        return True
    if not _ENDS_SENTENCE.search(before):
        return False
    runs_on = after.lstrip(" ")[:1].islower()
    plain_word = not more and not span.endswith(("s", "ing", "ed"))
    return not (runs_on and (span[0].isupper() or plain_word))
