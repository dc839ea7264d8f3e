"""The engine `higgs` starts if its weights are there; otherwise the error says in one sentence what is missing (`make
test-engines`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.higgs import weights
from tests.fakes.tiny_higgs import TinyHiggs, make_tiny_higgs, thin_codec
from tests.harness.available_speech_engines import VOICES

pytestmark = pytest.mark.higgs

TEXT = "I was just thinking about lunch."


@pytest.fixture
def tiny(tmp_path: Path) -> TinyHiggs:
    with thin_codec():
        return make_tiny_higgs(tmp_path / "weights")


async def start_error(settings: object) -> str:
    engine = load_engine("higgs", settings)  # type: ignore[arg-type]
    with pytest.raises(EngineUnavailable) as caught:
        await engine.start()
    return str(caught.value)


@pytest.fixture
def local_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """Settings with a folder of voices. The cache of the hub is empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return {"voices_dir": VOICES, "data_dir": tmp_path / "data"}


async def test_start_error_says_that_there_is_no_gpu(tiny: TinyHiggs, local_settings: dict[str, object]) -> None:
    settings = tiny.settings().model_copy(update={**local_settings, "tts_higgs_device": "cuda"})
    assert "wants a CUDA GPU" in await start_error(settings)


async def test_start_error_about_missing_weights_names_the_download_command(
    tiny: TinyHiggs, local_settings: dict[str, object]
) -> None:
    settings = tiny.settings().model_copy(update={**local_settings, "tts_higgs_model": weights.PUBLISHED_MODEL})
    message = await start_error(settings)
    assert "TERTULIA_TTS_HIGGS_MODEL" in message
    assert "make higgs-models" in message


async def test_start_error_about_incomplete_weights_names_the_missing_file(
    tiny: TinyHiggs, local_settings: dict[str, object]
) -> None:
    (tiny.codec / "model.pth").unlink()
    assert "lacks model.pth" in await start_error(tiny.settings().model_copy(update=local_settings))


async def test_start_error_about_weights_in_the_newer_format_names_the_right_revision(
    tiny: TinyHiggs, local_settings: dict[str, object]
) -> None:
    config = json.loads((tiny.model / "config.json").read_text())
    (tiny.model / "config.json").write_text(json.dumps(config | {"model_type": "higgs_audio_v2"}))
    assert weights.MODEL_REVISION in await start_error(tiny.settings().model_copy(update=local_settings))


async def test_start_error_names_the_damaged_weights(tiny: TinyHiggs, local_settings: dict[str, object]) -> None:
    (tiny.model / "model.safetensors").write_bytes(b"not these")
    assert str(tiny.model) in await start_error(tiny.settings().model_copy(update=local_settings))


async def test_engine_speaks_with_the_configured_weights(tiny: TinyHiggs, local_settings: dict[str, object]) -> None:
    with thin_codec():
        engine = load_engine("higgs", tiny.settings().model_copy(update=local_settings))
        await engine.start()
    try:
        assert [voice.id for voice in engine.voices()] == ["luna", "rex", "sage"]
        assert [pcm async for pcm in engine.synthesize(TEXT, "rex", 3)]
    finally:
        await engine.close()
