"""Builds the request for a reply, from the prompt, the settings and what is known about the model. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tertulia_llm.model.adaptation import LIMITS, MAX_TOKENS, Adaptations
from tertulia_llm.model.context_window import divide, reply_room
from tertulia_llm.model.knowledge import KnownModel
from tertulia_llm.model.tokens import estimated_message_tokens, estimated_prompt_tokens, most_prompt_tokens
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import Message, fit, merge
from tertulia_shared.entries import ModelSettings


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `messages`: the prompt, shortened to fit. `room`: the maximum number of the reply's tokens."""

    body: Mapping[str, Any]
    messages: Sequence[Message]
    room: int
    adaptations: Adaptations
    dropped: tuple[str, ...]
    """A sentence for each setting that is left out because the model refuses it."""

    @property
    def estimate(self) -> float:
        """The prompt's estimated tokens. Computed only when needed: it takes as long as building the request."""
        return estimated_prompt_tokens(self.messages)

    def is_smaller_than(self, other: Request) -> bool:
        """True if a server that refused `other` as too long may accept this request."""
        return self.estimate < other.estimate or self.room < other.room


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Builds the requests for one reply."""

    settings: LLMSettings
    extra_body: Mapping[str, Any]
    messages: Sequence[Message]
    asked: ModelSettings
    seed: int | None

    def build(self, known: KnownModel) -> Request:
        """Build the request according to `known`, what is known about the model now."""
        messages = fit(self.messages, self.settings.llm_context_chars)
        room = most = self._max_reply()
        if known.window is not None:
            factor = known.scale.factor
            division = divide(known.window, most)
            if division.reply < most or factor * most_prompt_tokens(messages) > division.prompt:
                messages = fit(messages, division.prompt, lambda each: factor * estimated_message_tokens(each))
                room = reply_room(known.window, factor * estimated_prompt_tokens(messages), most)
        body = self._body(known.name, merge(messages), room, is_bounded=room < most)
        return Request(known.adaptations.applied(body), messages, room, known.adaptations, self._dropped(known))

    def _max_reply(self) -> int:
        extra = (self.extra_body.get(name) for name in LIMITS)
        return next((tokens for tokens in extra if isinstance(tokens, int)), self.settings.llm_max_tokens)

    def _body(self, model: str, messages: list[Message], room: int, *, is_bounded: bool) -> dict[str, Any]:
        asked = {name: value for name, value in self.asked.to_wire().items() if value is not None and name != "model"}
        standard: dict[str, Any] = {
            "model": model,
            # the messages are passed in the body, so that the SDK does not validate each of them
            "messages": messages,
            "stream": True,
            MAX_TOKENS: self.settings.llm_max_tokens,
            "stream_options": {"include_usage": True},
            **asked,
            **({} if self.seed is None else {"seed": self.seed}),
        }
        if any(self.extra_body.get(name) is not None for name in LIMITS):
            standard.pop(MAX_TOKENS)  # a server refuses two limits at once
        body = {name: value for name, value in {**standard, **self.extra_body}.items() if value is not None}
        for name in LIMITS if is_bounded else ():
            tokens = body.get(name)
            if isinstance(tokens, int):
                body[name] = min(tokens, room)
        return body

    def _dropped(self, known: KnownModel) -> tuple[str, ...]:
        asked = {name for name, value in self.asked.to_wire().items() if value is not None} | set(self.extra_body)
        return tuple(
            f"The model {known.name} does not accept the setting {name}, so it is left out."
            for name in known.adaptations.dropped
            if name in asked
        )
