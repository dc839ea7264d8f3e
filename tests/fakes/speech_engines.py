"""Every speech engine that the libraries installed here allow, each ready to be made as often as a test likes."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from tertulia_tts.engine import SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.settings import TTSSettings
from tests.harness.settings_of import settings_of

Make = Callable[[], SpeechEngine]

NEEDS = {"espeak": "espeakng_loader", "instant": "numpy", "openai": "aiohttp", "higgs": "boson_multimodal"}
HERE = tuple(name for name, module in NEEDS.items() if importlib.util.find_spec(module) is not None)
"""`higgs` has an environment of its own (`make test-engines`), and nothing else is there."""

VOICES = Path(__file__).parent.parent.parent / "voices"


@asynccontextmanager
async def engine_maker(name: str) -> AsyncGenerator[Make]:
    """How to make engines of that name, not started; those of one maker sound alike."""
    if name == "openai":
        from tests.fakes.speech_server import SpeechServer  # noqa: PLC0415 - not installed where higgs is

        async with SpeechServer() as server:
            settings = settings_of(TTSSettings, tts_openai_base_url=server.base_url)
            yield lambda: load_engine(name, settings)
    elif name == "higgs":
        from tertulia_tts.engines.higgs.engine import HiggsEngine, HiggsOptions  # noqa: PLC0415

        model = tiny_higgs_model()
        yield lambda: HiggsEngine(HiggsOptions(VOICES, _scratch() / "kept"), lambda: model)
    else:
        yield lambda: load_engine(name)


@cache
def tiny_higgs_model():
    """The real loading code on tiny weights; once a process."""
    import torch  # noqa: PLC0415

    from tertulia_tts.engines.higgs.boson import load_boson  # noqa: PLC0415
    from tests.fakes.tiny_higgs import make_tiny_higgs, thin_codec  # noqa: PLC0415

    torch.set_num_threads(1)  # tiny matrices only wait for each other's threads
    with thin_codec():
        tiny = make_tiny_higgs(_scratch() / "tiny")
        return load_boson(tiny.settings())


@cache
def _scratch() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="tertulia-higgs-")
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
