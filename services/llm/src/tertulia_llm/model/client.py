"""The language model: any OpenAI-compatible server, accessed with the `openai` SDK (`server`).

If the server refuses a request and says why, the request is changed and sent again for the same reply. The change is
remembered for later requests (`knowledge`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from tertulia_llm.model.adaptation import adapted, bounds_reply
from tertulia_llm.model.advice import Adviser
from tertulia_llm.model.context_window import overflow_of
from tertulia_llm.model.error_kinds import is_about_content, ran_out_of_tokens
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.knowledge import KnownModel, KnownModels
from tertulia_llm.model.paused_reading import connection_of
from tertulia_llm.model.request import Request, RequestBuilder
from tertulia_llm.model.server import ModelServer, is_web_page
from tertulia_llm.model.stream import ModelStream
from tertulia_llm.model.tokens import counted_prompt_tokens
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings

if TYPE_CHECKING:
    from tertulia_llm.model.server import Response

MAX_CHANGES = 16
"""Maximum number of changed requests for one reply. They do not count as tries of `llm_retries`."""
_GROWTH = 1.25
"""After a prompt was refused as too long, the token estimate grows by this factor until the next prompt is shorter."""

log = logging.getLogger(__name__)


class Replies(Protocol):
    """Gives replies: a `Model`, or the one that is in use at the moment."""

    def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        settings: ModelSettings,
        *,
        seed: int | None = None,
        names: Sequence[str] = (),
    ) -> AbstractAsyncContextManager[ModelStream]:
        """As `Model.reply`."""
        ...

    def window(self, settings: ModelSettings) -> int | None:
        """As `Model.window`."""
        ...


class Model:
    """Sends requests to one model server."""

    def __init__(self, settings: LLMSettings, *, fixed_model: bool = False) -> None:
        """`fixed_model`: the server has only one model, so the client's choice of a model is ignored."""
        self._settings = settings
        self._fixed_model = fixed_model
        self._extra_body = settings.extra_body
        self.server = ModelServer(settings)
        self.known = KnownModels(settings.llm_context_tokens or None)
        self._adviser = Adviser(self.server, settings)
        self._reasons_first = set[str]()

    async def close(self) -> None:
        """Close the connections."""
        await self.server.close()

    def window(self, settings: ModelSettings) -> int | None:
        """The context window of the model with these settings, in tokens; None if it is unknown."""
        return self.known.of(self._name(settings)).window

    def _name(self, settings: ModelSettings) -> str:
        return self._settings.llm_model if self._fixed_model else settings.model or self._settings.llm_model

    @asynccontextmanager
    async def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        settings: ModelSettings,
        *,
        seed: int | None = None,
        names: Sequence[str] = (),
    ) -> AsyncGenerator[ModelStream]:
        """Ask for a reply. If `messages` exceed the model's context window, the oldest are left out.

        `names`: those of the user and of the speaker.

        Raises:
            ModelFailed: the server refused the request, or is unavailable.
        """
        model = self._name(settings)
        known = self.known.of(model)
        builder = RequestBuilder(self._settings, self._extra_body, [dict(each) for each in messages], settings, seed)
        window = known.state_of_window()
        try:
            request, response = await self._opened(builder, known)
        except ModelFailed as failure:
            if failure.code == "llm_context":
                known.restore_window(window)
            raise
        stream = ModelStream(self.server.body_of(response), self._settings, model, self._reasons_first, names)
        stream.connection = connection_of(response)
        stream.dropped = request.dropped
        stream.left_out = max(0, len(builder.messages) - len(request.messages))
        try:
            yield stream
            known.replied()
        except ModelFailed as failure:  # a server may refuse a request after the response has begun
            if failure.error is None:
                raise
            if not self._learned(failure, request, builder, known):
                raise await self._adviser.explained(failure, model) from failure
            failure.is_adapted = failure.retryable = True
            raise
        finally:
            counted = counted_prompt_tokens(stream.usage)
            if counted is not None:
                known.scale.learn(request.estimate, counted)
            self.server.used(known)
            await response.aclose()

    async def _opened(self, builder: RequestBuilder, known: KnownModel) -> tuple[Request, Response]:
        """Send the request. If the server says what it refuses, change the request and send it again, up to
        `MAX_CHANGES` times.
        """
        changes = 0
        while True:
            request = builder.build(known)
            try:
                response = await self.server.completion(request.body)
            except ModelFailed as failure:
                if failure.error is None:
                    raise
                changes += 1
                if changes > MAX_CHANGES and overflow_of(failure.error, failure.status):
                    raise self._too_long(failure) from failure
                if changes > MAX_CHANGES or not self._learned(failure, request, builder, known):
                    raise await self._adviser.explained(failure, known.name) from failure
            else:
                if not is_web_page(response.headers):
                    return request, response
                try:
                    raise await self._adviser.web_page(await self.server.beginning_of(response), str(response.url))
                finally:
                    await response.aclose()

    def _learned(self, failure: ModelFailed, request: Request, builder: RequestBuilder, known: KnownModel) -> bool:
        """Remember what the server refused. Returns True if the next request will be different.

        Raises:
            ModelFailed: the prompt is too long, and cannot be made shorter.
        """
        error = failure.error
        if error is None:
            return False
        bounds = bounds_reply(error, request.body)
        overflow = None if bounds else overflow_of(error, failure.status)
        if overflow is not None:
            # if the next request is smaller already, another conversation had the same refusal at the same time
            if overflow.window or not builder.build(known).is_smaller_than(request):
                known.overflowed(overflow, request.estimate, known.scale.factor * request.estimate + request.room)
                self._shrink(request, builder, known, failure)
                log.warning("model %s: the prompt was too long; its window is %s tokens", known.name, known.window)
        else:
            cannot_help = is_about_content(error, failure.status) or ran_out_of_tokens(error)
            if cannot_help or error.gist in known.useless_changes:
                return False
            if adapted(request.adaptations, error, failure.status, request.body) is None:
                known.unhelpful(error.gist)
                return False
            before = known.adaptations
            known.adapt(adapted(before, error, failure.status, request.body) or before, error.gist)
            new = [each for each in known.adaptations.described() if each not in before.described()]
            if new:
                log.warning("model %s: Tertulia now %s, because: %s", known.name, "; ".join(new), error.message)
        self.server.changed()
        return True

    def _shrink(self, refused: Request, builder: RequestBuilder, known: KnownModel, failure: ModelFailed) -> None:
        """Raise the token estimate until the next request is smaller than the refused request."""
        for _ in range(MAX_CHANGES):
            if builder.build(known).is_smaller_than(refused):
                return
            known.scale.raise_to_at_least(known.scale.factor * _GROWTH)
        raise self._too_long(failure)

    def _too_long(self, failure: ModelFailed) -> ModelFailed:
        message = (
            "The prompt is too long for the model, even without the earlier messages: shorten the character's prompt "
            "or your message, or load the model with a longer context. "
            f"(TERTULIA_LLM_MAX_TOKENS={self._settings.llm_max_tokens} is the room for the reply, "
            f"TERTULIA_LLM_CONTEXT_TOKENS the model's window.) {failure.error.message if failure.error else ''}"
        )
        return ModelFailed("llm_context", message.strip(), retryable=False, error=failure.error, status=failure.status)
