"""Removes reasoning and control tokens from the text of a streamed reply. Pure.

The position decides which text is reasoning and which is the reply:

- A reasoning tag opens a block at the start of the reply, of a line or of a sentence, and after another block. In
  quotation marks, in code and within a sentence it is ordinary text ("use the <thinking> tag"). Special tokens
  (`<|im_end|>`) count everywhere except in quotation marks and code.
- A closing tag without an opening tag means that all text so far was reasoning. `discards` is raised, and the caller
  takes back the text that it has published. `was_opened_by_template` then tells the caller to read the next stream of
  this model with `reasons_first`: all text is delayed until the closing tag, or until the end if there is none.
- An end-of-turn token ends the reply. So does the start of another turn after text.

Other text is delayed only while it may become a token, at most `MAX_CHARS` characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tertulia_llm.model.control_tokens import FIRST, Kind, Token, may_become_token, token_at
from tertulia_llm.model.openings import Opening, openings_of
from tertulia_llm.model.reasoning import Reasoning, ReasoningEnd
from tertulia_llm.model.reply_text import ReplyText
from tertulia_llm.model.role_words import SENTENCE_ENDS, RoleWord, role_word
from tertulia_llm.model.token_mentions import is_mention
from tertulia_llm.model.turn_headers import Expected, Header, may_become_heading, name_at, role_heading

_SPECIAL: Final = re.compile(rf"[{re.escape(FIRST)}#\n]|(?<=[.!?\u2026])a")
_STOP: Final = re.compile(rf"[{re.escape(FIRST)}#\n]")
_GLUED: Final = re.compile(rf"[{''.join(SENTENCE_ENDS)}]a")
"""The two are searched in each token of a model: what neither finds is text. One pattern for both is slower."""
_CUT_TOKEN: Final = re.compile(r"(?=\S*\w)\S{3,}")
"""The beginning of a token at the end of a stream. If it is shorter, or has white space, it is probably text."""
_WAIT: Final = -1


class ReplyFilter:
    """Filters one reply. The text can be fed in pieces of any size; they do not affect the result."""

    def __init__(self, *, reasons_first: bool = False, names: Sequence[str] = ()) -> None:
        """`reasons_first`: the reply begins with reasoning that has no opening tag. `names`: see `Openings`."""
        self.ended = False
        """True after an end-of-turn token; the rest of the stream is not part of the reply."""
        self.calls_tool = False
        self.discards = 0
        """How many times all text so far turned out to be reasoning."""
        self.reasoned_chars = 0
        self.has_reasoned = False
        self.was_opened_by_template = False
        """True if a closing tag ended reasoning that had no opening tag."""
        self._held = ""
        self._openings = openings_of(tuple(names))
        self._reply = ReplyText()
        self._expected: Expected | None = None
        self._reasoning: Reasoning | None = None
        self._is_opening = True
        self._is_plain = False
        self._is_after_sentence = False
        self._mentions = 0  # number of opening tags that were kept as text
        self._strikes = 0
        self._answers = 0
        if reasons_first:
            self._begin(Opening.GUESS)

    def feed(self, text: str) -> str:
        """Take a piece; return the text that is certainly part of the reply."""
        if (
            self._is_plain
            and _STOP.search(text) is None
            and _GLUED.search(text) is None
            and not (self._is_after_sentence and text[:1] in ("", "a"))
        ):
            self._reply.add_plain(text)
            self._is_after_sentence = text[-1:] in SENTENCE_ENDS
            return text
        return "" if self.ended else self._run(self._held + text, is_final=False)

    def finish(self, *, is_cut: bool = False) -> str:
        """Return the delayed text. `is_cut`: the reply was cut off at the maximum of tokens."""
        if self.ended:
            return ""
        text = self._run(self._held, is_final=True)
        if self._reasoning is not None:
            self._end_reasoning(self._reasoning, is_cut=is_cut)
        return text + self._reply.take()

    def _run(self, text: str, *, is_final: bool) -> str:
        at = 0
        while at < len(text) and not self.ended:
            if self._reasoning is not None:
                after = self._reason(self._reasoning, text, at, is_final=is_final)
            elif self._expected is not None:
                after = self._name(self._expected, text, at, is_final=is_final)
            else:
                after = self._text(text, at, is_final=is_final)
            if after == _WAIT:
                break
            at = after
        self._held = "" if self.ended else text[at:]
        is_in_text = self._reasoning is None and self._expected is None
        may_pass = is_in_text and self._reply.is_plain and not (self.ended or self._held)
        line = self._reply.line.text if may_pass else ""
        self._is_plain = bool(line)
        self._is_after_sentence = line.endswith(SENTENCE_ENDS)
        return self._reply.take()

    def _text(self, text: str, at: int, *, is_final: bool) -> int:
        if self._is_opening and not self._reply.has_text:
            after = self._open(text, at, is_final=is_final)
            if after != at or self._reasoning is not None:
                return after
        if self._reply.has_text and not self._reply.line.is_fenced:
            role = role_word(self._reply.line.text, text, at, is_final=is_final)
            if role is not RoleWord.NONE:
                self.ended = role is RoleWord.FOUND
                return len(text) if self.ended else _WAIT
        found = _SPECIAL.search(text, at)
        if found is None or found.start() > at or found.group() in ("\n", "a"):
            # a line is added with its line feed, so that the next step begins at the start of a line
            end = len(text) if found is None else max(at + 1, found.start() + (found.group() == "\n"))
            self._reply.add(text[at:end])
            return end
        read = self._heading if text[at] == "#" else self._token
        return read(text, at, is_final=is_final)

    def _open(self, text: str, at: int, *, is_final: bool) -> int:
        """Examine the first words of the reply. Returns the index of the next step; it is `at` if the words are
        ordinary text.
        """
        start = at + len(text[at:]) - len(text[at:].lstrip())
        if start == len(text):
            self._is_opening = not is_final
            return at if is_final else _WAIT
        if text[start] in FIRST or text[start] == "#":
            return start
        opening, length = self._openings.opening_of(text[start:])
        match opening:
            case Opening.UNDECIDED if not is_final:
                return _WAIT
            case Opening.TEXT | Opening.UNDECIDED:
                self._is_opening = False
                return at
            case Opening.ROLE:
                self._reply.skip_space()
            case Opening.CHANNEL:
                self._begin(None, is_channel=True)
            case _:
                self._begin(opening)
        return start + length

    def _heading(self, text: str, at: int, *, is_final: bool) -> int:
        if self._reply.line.is_blank:
            heading = role_heading(text, at)
            if heading is not None:
                is_model, length = heading
                self._turn(is_model=is_model)
                return at + length
            if may_become_heading(text, at) and not is_final:
                return _WAIT
        self._reply.add(text[at])
        return at + 1

    def _token(self, text: str, at: int, *, is_final: bool) -> int:
        token = token_at(text, at)
        if token is None:
            if may_become_token(text, at):
                if not is_final:
                    return _WAIT
                if _CUT_TOKEN.fullmatch(text, at):
                    return len(text)
            self._reply.add(text[at])
            return at + 1
        end = at + token.length
        is_text = self._reply.line.is_quoted
        if not is_text and token.kind not in (Kind.CLOSE, Kind.ANSWER_END):
            line = self._reply.line.text or ("x " if token.kind is Kind.ANSWER else "")
            is_text = is_mention(line, text[end:], is_final=is_final, opens=token.kind is Kind.OPEN)
            if is_text is None:
                return _WAIT
        if is_text or not self._obey(token, text[at:end]):
            self._reply.add(text[at:end])
        return end

    def _obey(self, token: Token, written: str) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
        """Do what a token outside of reasoning means. Returns False if it is ordinary text."""
        match token.kind:
            case Kind.OPEN:
                if token.is_soft and not self._reply.may_open_block:
                    self._mentions += 1
                    return False
                tag = written if token.is_soft else ""
                self._begin(None, tag=tag, is_doubtful=token.is_doubtful)
            case Kind.CLOSE:
                return self._close_alone()
            case Kind.CHANNEL:
                self._expected = Expected.CHANNEL
            case Kind.FORMAT if not self._reply.has_text:
                self._expected = Expected.FORMAT
            case Kind.TURN if not self._reply.has_text:
                self._expected = Expected.ROLE
            case Kind.USER | Kind.ASSISTANT:
                self._turn(is_model=token.kind is Kind.ASSISTANT)
            case Kind.BEGIN if not self._reply.has_text:
                self._reply.skips_space = True
            case Kind.BEGIN | Kind.END if token.is_strike and (token.kind is Kind.BEGIN or self._strikes):
                self._strikes += 1 if token.kind is Kind.BEGIN else -1
                return False
            case Kind.ANSWER:
                if self._reply.has_text:
                    return False
                self._answers += 1
                self._reply.skips_space = True
            case Kind.ANSWER_END:
                if not self._answers:
                    return False
                self._answers -= 1
            case Kind.TOOL:
                if token.is_soft and not self._reply.may_open_block:
                    return False
                self.calls_tool = self.ended = True
            case Kind.DROP | Kind.FORMAT:
                self._reply.skip_space()
            case _:
                self.ended = True
        return True

    def _close_alone(self) -> bool:
        if self._mentions:
            self._mentions -= 1
            return False
        if not self._reply.has_text:
            self._reply.skips_space = True
            return True
        if self._reply.line.text[-1:] in (" ", "\t") and not self._reply.may_open_block:
            return False
        if not (
            self.discards or self.was_opened_by_template
        ):  # a second one is the model's mistake: the text before it is the reply
            self.discards += 1
            self.has_reasoned = self.was_opened_by_template = True
            self._reply.discard()
        return True

    def _turn(self, *, is_model: bool) -> None:
        """A turn begins. It ends the reply if the reply has text already, or if the turn is not the model's."""
        self.ended = self._reply.has_text or not is_model
        self._reply.skips_space = True

    def _name(self, expected: Expected, text: str, at: int, *, is_final: bool) -> int:
        """Read the name of a role or of a channel."""
        named = name_at(text, at, expected, is_final=is_final)
        if named is None:
            return _WAIT
        header, end = named
        self._expected = None
        self._reply.skip_space()
        if header is Header.REASONING:
            self._begin(None, is_channel=True)
        self.ended = header is Header.OTHER_TURN
        return end

    def _begin(
        self, opening: Opening | None, *, is_channel: bool = False, tag: str = "", is_doubtful: bool = False
    ) -> None:
        self._reasoning = Reasoning(opening, is_channel=is_channel, tag=tag, is_doubtful=is_doubtful)
        self._is_opening = False
        self.has_reasoned = self.has_reasoned or not self._reasoning.is_doubtful

    def _reason(self, reasoning: Reasoning, text: str, at: int, *, is_final: bool) -> int:
        after, reason = reasoning.read(text, at, is_final=is_final)
        if after > at:
            self.reasoned_chars += after - at
            reasoning.note(text[at:after])
        match reason:
            case None:
                if reasoning.is_doubtful:
                    self._doubt(reasoning)
                return after
            case ReasoningEnd.END | ReasoningEnd.TOOL:
                self.calls_tool = reason is ReasoningEnd.TOOL
                self._end_reasoning(reasoning, is_cut=False)
                self.ended = True
                return after
            case ReasoningEnd.CLOSED:
                self.has_reasoned = True
                self.was_opened_by_template = self.was_opened_by_template or reasoning.is_guess
            case ReasoningEnd.ROLE:
                self._expected = Expected.ROLE
            case ReasoningEnd.CHANNEL:
                self._expected = Expected.CHANNEL
            case ReasoningEnd.CLOSED_CHANNEL:
                self._expected = Expected.CLOSED_CHANNEL
        self._reasoning = None
        self._reply.end_block()
        return after

    def _doubt(self, reasoning: Reasoning) -> None:
        """Give the block up if it turned out to be text."""
        if reasoning.is_disproved():
            self._end_reasoning(reasoning, is_cut=False)
        self.has_reasoned = self.has_reasoned or not reasoning.is_doubtful

    def _end_reasoning(self, reasoning: Reasoning, *, is_cut: bool) -> None:
        """The reply ended in reasoning: add the text of the block that may be the reply."""
        self._reasoning = None
        self._reply.skip_space()
        self._reply.add(reasoning.kept(is_cut=is_cut))
