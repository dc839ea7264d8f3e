"""The language model: any OpenAI-compatible server, through the `openai` SDK, whose stream is read raw."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import openai

from tertulia_llm.model.failures import ModelFailed, failure_of
from tertulia_llm.model.stream import ModelStream
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings

IN_BODY = ("min_p", "top_k", "repetition_penalty")
"""Settings without an argument in the SDK; OpenRouter and others take them in the body."""


class Model:
    """Requests to one server."""

    def __init__(self, settings: LLMSettings, *, fixed_model: bool = False) -> None:
        """`fixed_model`: the server has one model only, so the client's choice is ignored."""
        self._settings = settings
        self._fixed_model = fixed_model
        self._reasons_first = set[str]()
        self._client = openai.AsyncOpenAI(
            base_url=settings.llm_base_url,
            api_key=settings.openrouter_api_key.get_secret_value() or "none",
            max_retries=0,  # the worker repeats requests itself: part of the reply may have been spoken
            http_client=openai.DefaultAioHttpClient(),
            timeout=openai.Timeout(settings.llm_first_token_s + settings.llm_stall_s, connect=10.0),
            default_headers={"X-Title": "Tertulia"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @asynccontextmanager
    async def reply(
        self, messages: Sequence[Mapping[str, str]], settings: ModelSettings, *, seed: int | None = None
    ) -> AsyncGenerator[ModelStream]:
        """Ask for a reply.

        Raises:
            ModelFailed: the server refused or is unavailable.
        """
        asked = {name: value for name, value in asdict(settings).items() if value is not None}
        body: dict[str, Any] = {name: asked.pop(name) for name in IN_BODY if name in asked}
        # put the messages into the body directly, so that the SDK does not validate each
        body["messages"] = list(messages)
        model = asked.pop("model", self._settings.llm_model)
        if self._fixed_model:
            model = self._settings.llm_model
        opening = self._client.chat.completions.with_streaming_response.create(
            model=model,
            messages=[],
            stream=True,
            max_tokens=self._settings.llm_max_tokens,
            seed=openai.omit if seed is None else seed,
            stream_options={"include_usage": True},
            extra_body=body,
            **asked,
        )
        try:
            response = await opening.__aenter__()
        except openai.APIError as error:
            raise failure_of(error) from error
        except Exception as error:  # the SDK's transports raise errors of their own: headers over 8 kB, for example
            problem = f"The model server's answer cannot be read ({type(error).__name__})."
            raise ModelFailed("llm_unavailable", problem, retryable=True) from error
        try:
            yield ModelStream(response.iter_bytes(), self._settings, model, self._reasons_first)
        finally:
            await opening.__aexit__(None, None, None)
