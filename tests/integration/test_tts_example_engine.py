"""The example engine, installed as a user installs it: it is found, tested and used without a change to Tertulia."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.entries import TTSSentence, Work
from tertulia_shared.keys import Keys
from tests.harness.eventually import PATIENCE_S

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "tts-engine-tone"
UV = ROOT / ".tools" / "bin" / "uv"
WORD_MS = 40

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process that finds the installed example engine and uses it."""
    packages = tmp_path_factory.mktemp("packages")
    install = [
        UV, "pip", "install", "--offline", "--quiet", "--python", sys.executable,
        "--no-deps", "--no-build-isolation", "--target", packages, EXAMPLE,
    ]  # fmt: skip
    subprocess.run(install, check=True, capture_output=True)
    chosen = {"TERTULIA_TTS_ENGINE": "tone", "TERTULIA_TTS_TONE_WORD_MS": str(WORD_MS)}
    return {**os.environ, "PYTHONPATH": str(packages), **chosen}


def test_doctor_lists_an_engine_of_another_package(environment: Mapping[str, str], tmp_path: Path) -> None:
    doctor = [sys.executable, "-m", "tertulia_cli.main", "doctor"]
    env = {**environment, "TERTULIA_DATA_DIR": str(tmp_path)}
    shown = subprocess.run(doctor, check=False, capture_output=True, text=True, env=env).stdout
    assert "✓ tts engine tone (chosen)" in shown


def test_contract_suite_passes_for_an_engine_of_another_package(environment: Mapping[str, str]) -> None:
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "tone"]
    run = subprocess.run(
        [*suite, "tests/contract/test_speech_engines.py"],
        cwd=ROOT, check=False, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 20


async def test_worker_speaks_with_an_engine_of_another_package(
    environment: Mapping[str, str], redis_url: str, keys: Keys
) -> None:
    conversation_id, message_id = str(uuid4()), str(uuid4())
    text = "Every word is a tone."
    async with open_bus(redis_url, keys, name="test") as bus:
        await bus.prepare("tts")
        outlet = bus.outlet()
        for index, sentence in enumerate((text, "")):
            entry = TTSSentence(sentence, index, conversation_id, message_id, "", "Luna", "luna", is_final=not sentence)
            outlet.append(keys.sentences(conversation_id, message_id), entry, id=f"{index + 1}-0")
        outlet.append(keys.work("tts"), Work(conversation_id, message_id))
        await outlet.flush()
        env = {**environment, "TERTULIA_REDIS_URL": redis_url, "TERTULIA_NAMESPACE": keys.ns}
        worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "tertulia_tts.main", env=env)
        pcm = bytearray()
        follow = bus.follow(keys.audio(conversation_id, message_id), "0-0")
        async with asyncio.timeout(PATIENCE_S):
            while not (entries := await follow.read()) or entries[-1].fields.get(b"is_final") != b"1":
                pcm += b"".join(entry.fields[b"audio"] for entry in entries)
        pcm += b"".join(entry.fields[b"audio"] for entry in entries)
        worker.terminate()
        assert await worker.wait() == 0
    assert len(pcm) == len(text.split()) * 24_000 * 2 * WORD_MS // 1000
