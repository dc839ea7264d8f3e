"""Checks the model server: `python -m tertulia_llm.check`, for `tertulia doctor`.

Prints a JSON object per line: {"ok": bool, "what": str, "advice": str}. It asks for the list of models and for a reply
of one token, which the server may charge.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Final

from tertulia_llm.model.advice import no_such_model
from tertulia_llm.model.client import Model
from tertulia_llm.model.context_window import entry_of, names_in
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.watch import find_window
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import Message
from tertulia_shared.entries import ModelSettings
from tertulia_shared.settings import load

REPLY_S: Final = 20.0
"""Seconds that the server may take for the reply of one token. A local server may have to load the model before it
replies.
"""
PROMPT: Final[list[Message]] = [
    {"role": "system", "content": "You are Luna, in a conversation."},
    {"role": "user", "content": "Hello! Say one word."},
]


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the report."""

    ok: bool
    what: str
    advice: str = ""


def main() -> None:
    """Check the model server that the settings name, and print the result."""
    asyncio.run(_print(load(LLMSettings)))


async def _print(settings: LLMSettings) -> None:
    async for found in check(settings):
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()  # after a timeout, the results so far are shown


async def check(settings: LLMSettings) -> AsyncIterator[Found]:
    """Check the server, and add each result to `found`."""
    settings = settings.model_copy(update={"llm_max_tokens": 1})
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
            yield Found(ok=reply.ok, what=no_such_model(name, names_in(entries)))
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
    """Ask for one token, with the parameters of a real request."""
    accepted = False
    try:
        async with asyncio.timeout(REPLY_S), model.reply(PROMPT, ModelSettings(), seed=1) as stream:
            accepted = True
            async for _ in stream:
                break
    except TimeoutError:
        return Found(
            ok=False, what=f"the model did not answer within {REPLY_S:g} seconds",
            advice="it may be loading: try again; TERTULIA_LLM_FIRST_TOKEN_S is how long a talk waits",
        )  # fmt: skip
    except ModelFailed as failure:
        # a reasoning model uses the single token for its reasoning, so there is no text
        if accepted and failure.error is None:
            return Found(ok=True, what="it accepts requests (no text within one token)")
        return Found(ok=False, what=f"a reply of one token failed ({failure.code})", advice=str(failure))
    return Found(ok=True, what="the model answers")


if __name__ == "__main__":
    main()
