"""Every speech engine that can run in this environment, for the contract suite.

An engine is made with the default settings, unless `PREPARED` names it: those engines need a server or a model.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tertulia_shared.engines import TTS_ENGINES, installed_engines
from tertulia_tts.engine import SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.openai.settings import OpenAISettings
from tertulia_tts.settings import TTSSettings
from tests.harness.settings_of import settings_of

Make = Callable[[], SpeechEngine]

VOICES = Path(__file__).parent.parent.parent / "voices"


def runnable_engines() -> list[str]:
    """The names of the installed engines whose libraries are installed. Some engines have a separate environment."""
    return [name for name, engine in installed_engines(TTS_ENGINES).items() if not engine.spec().missing()]


@asynccontextmanager
async def engine_maker(name: str) -> AsyncGenerator[Make]:
    """A function that makes engines of that name, not started. All engines of one function sound alike."""
    async with PREPARED.get(name, lambda: _default(name))() as make:
        yield make


@asynccontextmanager
async def _default(name: str) -> AsyncGenerator[Make]:
    settings = settings_of(installed_engines(TTS_ENGINES)[name].spec().settings)
    assert isinstance(settings, TTSSettings)
    yield lambda: load_engine(name, settings)


@asynccontextmanager
async def _openai() -> AsyncGenerator[Make]:
    from tests.fakes.speech_server import SpeechServer  # noqa: PLC0415 - aiohttp is not installed where higgs is

    async with SpeechServer() as server:
        settings = settings_of(OpenAISettings, tts_openai_base_url=server.base_url)
        yield lambda: load_engine("openai", settings)


@asynccontextmanager
async def _higgs() -> AsyncGenerator[Make]:
    from tertulia_tts.engines.higgs.engine import HiggsEngine, HiggsOptions  # noqa: PLC0415 - as in `tiny_higgs_model`

    model = tiny_higgs_model()
    yield lambda: HiggsEngine(HiggsOptions(VOICES, _scratch() / "kept"), lambda: model)


@asynccontextmanager
async def _kokoro() -> AsyncGenerator[Make]:
    # onnxruntime is not installed where higgs is
    from tertulia_tts.engines.kokoro.engine import KokoroEngine, KokoroOptions  # noqa: PLC0415
    from tests.fakes.tiny_kokoro import make_tiny_kokoro  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="tertulia-kokoro-") as scratch:
        folder = make_tiny_kokoro(Path(scratch) / "kokoro")
        yield lambda: KokoroEngine(KokoroOptions(lambda: folder, threads=1))


PREPARED: Final[Mapping[str, Callable[[], AbstractAsyncContextManager[Make]]]] = {
    "higgs": _higgs,
    "kokoro": _kokoro,
    "openai": _openai,
}
"""Engines that do not start with their default settings."""

MARKS: Final[Mapping[str, pytest.MarkDecorator]] = {"higgs": pytest.mark.higgs}
"""The pytest marks by which `make test-engines` selects engines."""

WITHOUT_PITCH: Final = frozenset({"higgs"})
"""Engines whose test model makes noise that has no pitch."""


@cache
def tiny_higgs_model():
    """The model, loaded by the real code from tiny weights, once per process."""
    import torch  # noqa: PLC0415 - installed only where higgs is

    from tertulia_tts.engines.higgs.boson_model import load_boson  # noqa: PLC0415
    from tests.fakes.tiny_higgs import make_tiny_higgs, thin_codec  # noqa: PLC0415

    torch.set_num_threads(1)  # more threads only slow tiny matrices down
    with thin_codec():
        tiny = make_tiny_higgs(_scratch() / "tiny")
        return load_boson(tiny.settings())


@cache
def _scratch() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="tertulia-higgs-")
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
