"""Explains to the user why a model server refused a request. To find out, it asks the server for its list of models."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from tertulia_llm.model.context_window import names_in
from tertulia_llm.model.failures import ModelFailed, by_status, is_about_the_model, says
from tertulia_llm.model.server import ModelServer
from tertulia_llm.model.server_error import read_error
from tertulia_llm.settings import LLMSettings

MAX_NAMES: Final = 3
_NOT_FOUND: Final = (404, 405)
_SIMILAR: Final = 0.4


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
        if failure.status in _NOT_FOUND and not is_about_the_model(error):
            return await self._not_found(failure, model)
        if failure.code == "llm_model":
            names = names_in(await self._server.models() or [])
            return ModelFailed("llm_model", no_such_model(model, names) + says(error), retryable=False)
        return by_status(failure.status, error, retry_after_s=failure.retry_after_s, has_key=self._has_key)

    async def web_page(self, page: bytes, url: str) -> ModelFailed:
        """The failure for a server that sent a web page. `url`: the address of the page, after redirects."""
        error = read_error(page)
        advice = await self._without_v1()
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
        if entries is not None:
            names = names_in(entries)
            if model in names:
                message = f"The model server has the model {model}, but cannot chat with it: choose another model."
                return ModelFailed("llm_model", message + words, retryable=False)
            return ModelFailed("llm_model", no_such_model(model, names) + words, retryable=False)
        advice = await self._without_v1() or (
            f"The model server has no chat API at {self._server.shown()}: check TERTULIA_LLM_BASE_URL, which often "
            "ends in /v1."
        )
        return ModelFailed("llm_address", advice + words, retryable=False)

    async def _without_v1(self) -> str:
        """Advice for the user if the API is at `/v1` below the base URL; "" if it is not there."""
        if self._server.base_url.endswith("/v1") or await self._server.models(f"{self._server.base_url}/v1") is None:
            return ""
        return f"TERTULIA_LLM_BASE_URL lacks /v1 at its end: set it to {self._server.shown()}/v1."


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
