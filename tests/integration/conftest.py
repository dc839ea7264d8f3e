"""The whole of Tertulia as processes, for all tests of the talk: started when the first one asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.model_server import reserved_port
from tests.harness.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the demo model, espeak's voices and pocketsphinx' ears; two llm workers; it logs all it ever would.

    What its clients said and heard is looked for in the logs when it has stopped.
    """
    with Stack(
        tmp_path_factory.mktemp("talk") / "stack",
        workers={"gateway": 1, "stt": 1, "llm": 2, "tts": 1},
        env={
            "TERTULIA_TTS_ENGINE": "espeak",
            "TERTULIA_DEMO_TOKENS_PER_SECOND": "200",
            "TERTULIA_LOG_LEVEL": "DEBUG",
        },
        metrics=True,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def model_port() -> Iterator[int]:
    """Where the model of each test listens, for a stack that asks one."""
    with reserved_port() as port:
        yield port
