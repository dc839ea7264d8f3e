"""Summaries with real processes and a model server over HTTP."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tertulia_shared.ids import new_id
from tests.fakes.model_server import Hold, Reply, ScriptedModel
from tests.harness.client import talk
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.stack import Stack

FACT = "My dog is called Otto."
SUMMARY = "Jay has a dog, Otto."


def is_summary(body: Mapping[str, Any]) -> bool:
    return "You keep the memory" in body["messages"][0]["content"]


async def test_turn_cancels_a_summary_and_a_peer_makes_that_of_a_worker_that_was_killed(tmp_path: Path) -> None:
    held = Hold(1)
    async with ScriptedModel(default=Reply(["I see."], usage=True)) as model:
        env = {
            "TERTULIA_LLM_BASE_URL": model.base_url,
            "TERTULIA_LLM_HISTORY_MESSAGES": "6",
            "TERTULIA_WHO_ANSWERS": "in_turn",
        }
        with Stack(tmp_path / "stack", env=env) as stack:
            async with talk(*stack.urls) as client:
                for words in (FACT, "One."):
                    await client.hears(words, new_id())
                model.script += [Reply(["I see."]), Reply([SUMMARY, " And"], hold=held)]
                await client.hears("Two.", new_id())
                await held.reached.wait()
                assert is_summary(model.requests[-1].body)
                assert FACT in model.requests[-1].body["messages"][1]["content"]

                second = Hold(1)
                model.script += [Reply(["I see."]), Reply([SUMMARY, " And"], hold=second)]
                await client.hears("Three.", new_id())
                await model.until_broken_off(1)
                await second.reached.wait()
                model.script += [Reply([SUMMARY])]
                stack.of("llm")[0].send(signal.SIGKILL)
                stack.start("llm")
                await client.until_event("summary")

                await client.hears("Four.", new_id())
                prompt = json.dumps(model.requests[-1].body, ensure_ascii=False)
                assert SUMMARY in prompt
                assert FACT not in prompt
                url = stack.http(f"/api/conversations/{client.record.conversation_id}/summary")

                def shown() -> Mapping[str, Any]:
                    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - ours
                        return json.load(answer)

                assert await eventually(lambda: shown()["text"] == SUMMARY or None, "the summary over REST")
