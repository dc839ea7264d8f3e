"""If the engine cannot start, the error names the setting and says what to do, in one sentence."""

from __future__ import annotations

from pathlib import Path

import ctranslate2
import faster_whisper
import pytest

from tertulia_stt.download_models import fetch
from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.engines.realtimestt.whisper import models_dir, plan
from tests.harness.settings_of import settings_of

pytestmark = pytest.mark.timeout(240, method="signal")


async def start(settings: RealtimeSTTSettings, **changes: object) -> None:
    engine = load_engine("realtimestt", settings.model_copy(update=changes))
    try:
        await engine.start()
    finally:
        await engine.close()


async def test_start_error_names_the_final_model_if_its_weights_are_missing(
    settings: RealtimeSTTSettings, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailable, match=r"weights of .* 'small'.*fetch-models.*TERTULIA_STT_MODEL"):
        await start(settings, stt_model="small", data_dir=tmp_path)


async def test_start_error_names_the_realtime_model_if_its_weights_are_missing(
    settings: RealtimeSTTSettings, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailable, match=r"'tiny'.*TERTULIA_STT_REALTIME_MODEL"):
        await start(settings, stt_realtime_model="tiny", data_dir=tmp_path)


async def test_start_refuses_an_unknown_model(settings: RealtimeSTTSettings) -> None:
    with pytest.raises(EngineUnavailable, match=r"TERTULIA_STT_MODEL=gigantic is neither.*large-v3-turbo"):
        await start(settings, stt_model="gigantic")


async def test_start_refuses_a_folder_without_a_model(settings: RealtimeSTTSettings, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"holds no Whisper model.*model\.bin"):
        await start(settings, stt_model=str(tmp_path))


@pytest.fixture
def broken_model(whisper: Path, tmp_path: Path) -> Path:
    for file in whisper.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:1000])
    return tmp_path


async def test_start_error_names_the_damaged_model(settings: RealtimeSTTSettings, broken_model: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"cannot be loaded on cpu as int8"):
        await start(settings, stt_model=str(broken_model))


async def test_start_refuses_cuda_without_a_device(
    settings: RealtimeSTTSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(EngineUnavailable, match=r"TERTULIA_STT_DEVICE=cuda.*TERTULIA_STT_DEVICE=cpu"):
        await start(settings, stt_device="cuda")


async def test_start_refuses_an_unsupported_compute_type(settings: RealtimeSTTSettings) -> None:
    with pytest.raises(EngineUnavailable, match=r"TERTULIA_STT_COMPUTE_TYPE=float99 .*allowed: .*int8"):
        await start(settings, stt_compute_type="float99", stt_device="cpu")


def test_default_models_and_compute_type_are_those_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = settings_of(RealtimeSTTSettings)
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    on_gpu = plan(defaults)
    assert (on_gpu.device, on_gpu.compute_type, on_gpu.model) == ("cuda", "float16", "large-v3-turbo")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    on_cpu = plan(defaults)
    assert (on_cpu.device, on_cpu.compute_type, on_cpu.realtime_model) == ("cpu", "int8", "tiny")


def test_model_download_fetches_both_models_into_the_models_folder(
    settings: RealtimeSTTSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[tuple[str, str]] = []

    def fetched_now(name: str, *, cache_dir: str) -> None:
        fetched.append((name, cache_dir))

    monkeypatch.setattr(faster_whisper, "download_model", fetched_now)
    wanted = settings.model_copy(update={"stt_model": "small", "stt_realtime_model": "tiny", "data_dir": tmp_path})
    assert list(fetch(wanted))[-1] == "fetch-models: all there"
    assert fetched == [("small", str(models_dir(wanted))), ("tiny", str(models_dir(wanted)))]


def test_model_download_error_without_a_network_says_which_folder_to_copy(
    settings: RealtimeSTTSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(faster_whisper, "download_model", unreachable)
    with pytest.raises(EngineUnavailable, match=r"'small' could not be fetched.*not known.*copy .*models"):
        list(fetch(settings.model_copy(update={"stt_model": "small", "data_dir": tmp_path})))
