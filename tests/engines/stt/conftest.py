"""Fixtures: the engine `realtimestt` with a generated model. They need the engine's libraries (`make test-engines`)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tertulia_stt.engines import load_engine
from tertulia_stt.engines.realtimestt.engine import RealtimeSTTEngine
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tests.fakes.tiny_whisper import make_tiny_whisper
from tests.harness.settings_of import settings_of


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Whisper model that always transcribes `SENTENCE`."""
    return make_tiny_whisper(tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture
def settings(whisper: Path) -> RealtimeSTTSettings:
    """Settings that use the generated model."""
    return settings_of(
        RealtimeSTTSettings, stt_engine="realtimestt", stt_model=str(whisper), stt_realtime_model=str(whisper)
    )


@pytest.fixture
async def engine(settings: RealtimeSTTSettings) -> AsyncIterator[RealtimeSTTEngine]:
    """The started engine."""
    engine = load_engine("realtimestt", settings)
    assert isinstance(engine, RealtimeSTTEngine)
    await engine.start()
    yield engine
    await engine.close()
