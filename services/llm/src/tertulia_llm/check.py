"""Checks the model server: `python -m tertulia_llm.check`, for `tertulia doctor`.

Prints a JSON object per line: {"ok": bool, "what": str, "advice": str}. It asks for the list of models and for a reply
of a few tokens, which the server may charge.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from tertulia_llm.connection.trial import SHORT_REPLY_TOKENS, short_reply
from tertulia_llm.model.advice import no_such_model
from tertulia_llm.model.client import Model
from tertulia_llm.model.context_window import entry_of, names_in
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.watch import find_window
from tertulia_llm.settings import LLMSettings
from tertulia_shared.model_connection import ConnectionFile
from tertulia_shared.settings import load

REPLY_S: Final = 20.0
"""Seconds that the server may take for the first token. A local server may have to load the model first."""


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the report."""

    ok: bool
    what: str
    advice: str = ""


def main() -> None:
    """Check the model server that the settings name, and print the result."""
    asyncio.run(_print(_in_use(load(LLMSettings))))


def _in_use(settings: LLMSettings) -> LLMSettings:
    """The settings with the connection that was made in the page, unless the environment names a server."""
    with suppress(OSError, ValueError):
        kept = ConnectionFile(settings.connection_folder).load()
        if kept is not None and not settings.names_a_server:
            return settings.connected_to(kept)
    return settings


async def _print(settings: LLMSettings) -> None:
    async for found in check(settings):
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()  # after a timeout, the results so far are shown


async def check(settings: LLMSettings) -> AsyncIterator[Found]:
    """Check the server, and add each result to `found`."""
    settings = settings.model_copy(update={"llm_max_tokens": SHORT_REPLY_TOKENS})
    model = Model(settings)
    name = settings.llm_model
    try:
        reply = await _reply(model)
        yield reply
        entries = await model.server.models()
        if entries is None and not reply.ok:
            return
        if entries is None:
            yield Found(ok=True, what=f"{model.server.shown()} has no list of models")
        elif entry_of(name, entries) is None:
            listed = no_such_model(name, names_in(entries))
            yield Found(ok=reply.ok, what=f"its list of models does not have {name}" if reply.ok else listed)
        else:
            yield Found(ok=True, what=f"it has the model {name}")
        known = model.known.of(name)
        await find_window(model.server, known)
        if known.window is None:
            yield Found(
                ok=True, what="it does not tell the model's context window",
                advice="if long conversations lose their beginning, set TERTULIA_LLM_CONTEXT_TOKENS",
            )  # fmt: skip
        else:
            yield Found(ok=True, what=f"the model's context window: {known.window} tokens")
        for change in known.adaptations.described():
            yield Found(ok=True, what=f"it refuses a part of the request, so Tertulia {change}")
    finally:
        await model.close()


async def _reply(model: Model) -> Found:
    """Ask for a few tokens, with the parameters of a real request."""
    try:
        has_text = await short_reply(model, REPLY_S)
    except TimeoutError:
        return Found(
            ok=False, what=f"the model did not answer within {REPLY_S:g} seconds",
            advice="it may be loading: try again; TERTULIA_LLM_FIRST_TOKEN_S is how long a talk waits",
        )  # fmt: skip
    except ModelFailed as failure:
        return Found(ok=False, what=f"a short reply failed ({failure.code})", advice=str(failure))
    if has_text is None:
        return Found(ok=True, what=f"it accepts requests (no text within {SHORT_REPLY_TOKENS} tokens)")
    if has_text:
        return Found(ok=True, what="the model answers")
    return Found(ok=False, what="the model's reply was empty", advice="try again, or choose another model")


if __name__ == "__main__":
    main()
