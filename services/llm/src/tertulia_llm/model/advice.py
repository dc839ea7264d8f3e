"""Explains to the user why a model server refused a request. To find out, it asks the server for its list of models."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Sequence
from typing import Final

from tertulia_llm.model.context_window import entry_of, names_in
from tertulia_llm.model.error_kinds import cannot_load, is_about_the_model
from tertulia_llm.model.failures import ModelFailed, by_status, says
from tertulia_llm.model.server import ModelServer
from tertulia_llm.model.server_error import read_error
from tertulia_llm.settings import LLMSettings

MAX_NAMES: Final = 3
_NOT_FOUND: Final = (404, 405)
_SIMILAR: Final = 0.4
_PATHS: Final = ("/v1", "/api/v1", "/openai/v1")
"""Where servers have the API."""
_ABOUT_A_MODEL = re.compile(r"\bmodels?\b|deployment", re.IGNORECASE)
_NOT_OFFERED = re.compile(r"no endpoints found (matching|that)\b|data policy", re.IGNORECASE)
"""OpenRouter has the model, but no provider of it fits the account's settings or the request."""


class Adviser:
    """Explains failures of requests that the server refused."""

    def __init__(self, server: ModelServer, settings: LLMSettings) -> None:
        self._server = server
        self._has_key = bool(settings.openrouter_api_key.get_secret_value()) or any(
            name.lower() in ("authorization", "api-key", "x-api-key") for name in settings.extra_headers
        )

    async def explained(self, failure: ModelFailed, model: str) -> ModelFailed:
        """The failure, with a message that explains it better. `model`: the model of the refused request."""
        error = failure.error
        if error is None:
            return failure
        if cannot_load(error):
            return failure
        if failure.status in _NOT_FOUND and not is_about_the_model(error):
            return await self._not_found(failure, model)
        if failure.code == "llm_model":
            entries = await self._server.models() or []
            start = not_usable(model) if entry_of(model, entries) else no_such_model(model, names_in(entries))
            return ModelFailed("llm_model", start + says(error), retryable=False, error=error, status=failure.status)
        return by_status(failure.status, error, retry_after_s=failure.retry_after_s, has_key=self._has_key)

    async def web_page(self, page: bytes, url: str) -> ModelFailed:
        """The failure for a server that sent a web page. `url`: the address of the page, after redirects."""
        error = read_error(page)
        advice = await self._other_address()
        if not advice:
            moved = "" if url.startswith(self._server.base_url) else f" It redirected to {url.partition('?')[0][:120]}."
            advice = (
                "The model server sent a web page in place of a reply, perhaps to log in: TERTULIA_LLM_BASE_URL must "
                f"be the address of an OpenAI-compatible API, which often ends in /v1.{moved}"
            )
        return ModelFailed("llm_address", advice + says(error), retryable=False, error=error)

    async def _not_found(self, failure: ModelFailed, model: str) -> ModelFailed:
        words = says(failure.error) if failure.error else ""
        entries = await self._server.models()
        if failure.error and _NOT_OFFERED.search(failure.error.text):
            message = (
                f"The model server does not offer the model {model} for this request: choose another, or do as it says."
            )
            return ModelFailed("llm_model", message + words, retryable=False)
        if entries and entry_of(model, entries) is None:
            return ModelFailed("llm_model", no_such_model(model, names_in(entries)) + words, retryable=False)
        if entries and failure.error and _ABOUT_A_MODEL.search(failure.error.text):
            return ModelFailed("llm_model", not_usable(model) + words, retryable=False)
        if entries is not None:
            message = (
                f"The model server lists its models, but has no chat API at {self._server.shown()}: check "
                "TERTULIA_LLM_BASE_URL, or whether the server can chat with this model."
            )
            return ModelFailed("llm_address", message + words, retryable=False)
        advice = await self._other_address() or (
            f"The model server has no chat API at {self._server.shown()}: check TERTULIA_LLM_BASE_URL, which often "
            "ends in /v1."
        )
        return ModelFailed("llm_address", advice + words, retryable=False)

    async def _other_address(self) -> str:
        """Advice for the user if the API is at a similar address; "" if it is not there."""
        right = await other_base_url(self._server)
        if not right:
            return ""
        shown = self._server.shown(right)
        if right == f"{self._server.base_url}/v1":
            return f"TERTULIA_LLM_BASE_URL lacks /v1 at its end: set it to {shown}."
        return f"TERTULIA_LLM_BASE_URL has the wrong path: set it to {shown}."


async def other_base_url(server: ModelServer) -> str:
    """A similar base URL that has a list of models; "" if there is none."""
    base = server.base_url
    root = base
    while root.endswith("/v1"):
        root = root.removesuffix("/v1").removesuffix("/api").removesuffix("/openai")
    others = [url for url in dict.fromkeys([f"{base}/v1", *(f"{root}{path}" for path in _PATHS)]) if url != base]
    found = await asyncio.gather(*(server.models(url) for url in others))
    return next((url for url, models in zip(others, found, strict=True) if models is not None), "")


def not_usable(model: str) -> str:
    """Says that the model is in the server's list, but cannot be used."""
    return f"The model server lists the model {model}, but does not let us use it: choose another."


def no_such_model(model: str, names: Sequence[str]) -> str:
    """A message that the server does not have this model, with up to three similar names that it has."""
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(model.lower(), by_lower, MAX_NAMES, _SIMILAR)
    # users often leave out the owner or the size in a model's name
    near += [name for name in by_lower if model.lower() in name or name in model.lower()]
    shown = list(dict.fromkeys(by_lower[name] for name in near))[:MAX_NAMES] or list(names)[:MAX_NAMES]
    start = f"The model server has no model {model}: choose another in the model settings, or set TERTULIA_LLM_MODEL."
    if not shown:
        return start
    return f"{start} {'Similar names' if near else 'It has'}: {', '.join(shown)}."
