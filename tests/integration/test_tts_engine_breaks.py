"""A worker whose engine breaks permanently exits. A peer does its work."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from uuid import uuid4

from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.entries import TTSSentence, Work
from tertulia_shared.keys import Keys
from tests.fakes.breaking_engine import with_breaking_engine


async def test_worker_whose_engine_breaks_leaves_its_work_to_a_peer_and_exits(
    redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    conversation_id, message_id = str(uuid4()), str(uuid4())
    environment = {
        **os.environ,
        "TERTULIA_REDIS_URL": redis_url,
        "TERTULIA_NAMESPACE": keys.ns,
        **with_breaking_engine(tmp_path),
    }
    async with open_bus(redis_url, keys, name="test") as bus:
        await bus.prepare("tts")
        outlet = bus.outlet()
        sentence = TTSSentence("Hello.", 0, conversation_id, message_id, "", "Luna", "luna")
        outlet.append(keys.sentences(conversation_id, message_id), sentence, id="1-0")
        outlet.append(keys.work("tts"), Work(conversation_id, message_id))
        await outlet.flush()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tertulia_tts.main", env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, log = await worker.communicate()
        assert worker.returncode == 1
        assert b"tertulia-tts cannot continue: the engine 'breaking' broke: the device is lost" in log
        again = await bus.take_over("tts", "peer", idle_s=0, count=1)
        assert [each.fields[b"message_id"] for each in again] == [message_id.encode()]
        await bus.finish(again[0], "peer")
