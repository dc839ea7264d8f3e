"""Start errors of the engine whisper name the setting and the remedy; its sessions share the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.whisper.engine import threads, workers
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tests.fakes.tiny_whisper import make_tiny_whisper
from tests.harness.settings_of import settings_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_whisper(tmp_path_factory.mktemp("weights") / "tiny")


async def start(**values: object) -> None:
    engine = load_engine("whisper", settings_of(WhisperSettings, **values))
    try:
        await engine.start()
    finally:
        await engine.close()


async def test_missing_weights_are_named_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"whisper-base.*tertulia fetch-models"):
        await start(models_dir=tmp_path)


async def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"TERTULIA_STT_MODEL=.* holds no Whisper model"):
        await start(stt_model=str(tmp_path))


async def test_damaged_model_is_refused(tiny: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "config.json", "vocabulary.json"):
        (tmp_path / name).write_bytes((tiny / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        await start(stt_model=str(tmp_path), stt_realtime_model=str(tiny))


@pytest.mark.parametrize(("language", "reason"), [("de", "not a language of the model"), ("", "knows English only")])
async def test_language_that_the_model_does_not_know_is_refused(tiny: Path, language: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=rf"TERTULIA_STT_LANGUAGE.*{reason}"):
        await start(stt_model=str(tiny), stt_realtime_model=str(tiny), stt_language=language)


@pytest.mark.parametrize(("setting", "each", "at_once"), [(1, 1, 1), (2, 2, 1), (4, 4, 1), (8, 4, 2), (64, 4, 4)])
def test_threads_of_all_requests_together_stay_within_the_setting(setting: int, each: int, at_once: int) -> None:
    assert (threads(setting), workers(setting)) == (each, at_once)
