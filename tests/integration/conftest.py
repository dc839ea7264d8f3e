"""Fixtures: one stack for all tests of whole conversations. The first test that needs it starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.model_server import reserved_port
from tests.harness.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the demo model, espeak, pocketsphinx and two llm workers, which logs at DEBUG.

    At the end, no log may contain what its clients or its characters said.
    """
    with Stack(
        tmp_path_factory.mktemp("talk") / "stack",
        workers={"gateway": 1, "stt": 1, "llm": 2, "tts": 1},
        env={
            "TERTULIA_TTS_ENGINE": "espeak",
            "TERTULIA_LEASE_S": "3",  # a worker that is slow for a moment must not lose its work
            "TERTULIA_DEMO_TOKENS_PER_SECOND": "200",
            "TERTULIA_LOG_LEVEL": "DEBUG",
        },
        metrics=True,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def model_port() -> Iterator[int]:
    """The port on which the model server of each test listens, for stacks that use such a server."""
    with reserved_port() as port:
        yield port
