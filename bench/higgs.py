"""The tts engine `higgs` on a GPU: time to the first sound, real-time factor, time until a cancelled run ends, memory.

    .venv-higgs/bin/python -m bench.higgs                the configured weights (TERTULIA_TTS_HIGGS_…)
    .venv-higgs/bin/python -m bench.higgs --random       random weights of the full size, made at the start (13 GB)

With random weights a step costs as much as with real weights, but no run ends before the frame limit.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from tertulia_shared.settings import load
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineUnavailable, SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.higgs.settings import HiggsSettings

TEXT = "I was just thinking about lunch, and what we could cook together for everybody."
SEED = 20


async def main() -> None:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.higgs", description="Measures the tts engine higgs.")
    parser.add_argument("--random", action="store_true", help="random weights of the full size")
    parser.add_argument("--tiny", action="store_true", help="tiny random weights: shows that it runs, measures nothing")
    parser.add_argument("--runs", type=int, default=10, help="sentences to measure (%(default)s)")
    asked = parser.parse_args()
    settings = load(HiggsSettings)
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as scratch:
        if asked.random or asked.tiny:
            settings = _random(settings, Path(scratch), tiny=asked.tiny)
        engine = load_engine("higgs", settings)
        began = time.perf_counter()
        try:
            await engine.start()
        except EngineUnavailable as error:
            sys.exit(f"bench: {error}")
        print(f"ready after            {time.perf_counter() - began:8.1f} s")
        try:
            await _measure(engine, asked.runs)
        finally:
            await engine.close()


async def _measure(engine: SpeechEngine, runs: int) -> None:
    firsts: list[float] = []
    factors: list[float] = []
    for run in range(runs):
        began = time.perf_counter()
        first, size = 0.0, 0
        async for pcm in engine.synthesize(TEXT, engine.voices()[0].id, SEED + run):
            first = first or time.perf_counter() - began
            size += len(pcm)
        firsts.append(first * 1000)
        factors.append((time.perf_counter() - began) / (size / BYTES_PER_SAMPLE / SAMPLE_RATE))
    stops = [await _stop(engine, run) for run in range(runs)]
    print(f"first sound            {statistics.median(firsts):8.1f} ms (worst {max(firsts):.1f})")
    print(f"real-time factor       {statistics.median(factors):8.3f}    (worst {max(factors):.3f})")
    print(
        f"free after cancelling  {statistics.median(stops):8.1f} ms (worst {max(stops):.1f}), the next first sound off"
    )
    _print_memory()


async def _stop(engine: SpeechEngine, run: int) -> float:
    """Cancel a synthesis after its first piece; returns how much later the next sentence's first sound comes, in ms."""
    voice = engine.voices()[0].id
    began = time.perf_counter()
    async with aclosing(engine.synthesize(TEXT, voice, SEED + run)) as pieces:
        await anext(pieces)
        alone = time.perf_counter() - began
    began = time.perf_counter()
    async with aclosing(engine.synthesize(TEXT, voice, SEED + run)) as pieces:
        await anext(pieces)
    return max(0.0, time.perf_counter() - began - alone) * 1000


def _print_memory() -> None:
    import torch  # noqa: PLC0415 - the library exists only if the engine could start

    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated() / 2**30
        print(f"GPU memory, peak       {peak:8.1f} GiB on {torch.cuda.get_device_name()}")


def _random(settings: HiggsSettings, folder: Path, *, tiny: bool) -> HiggsSettings:
    from tests.fakes.tiny_higgs import FULL, TINY, make_tiny_higgs  # noqa: PLC0415 - its imports may be missing

    made = make_tiny_higgs(folder, TINY if tiny else FULL).settings()
    names = ("tts_higgs_model", "tts_higgs_codec", "tts_higgs_hubert")
    update: dict[str, object] = {name: getattr(made, name) for name in names}
    update["data_dir"] = folder / "data"
    if tiny:
        update["tts_higgs_device"] = "cpu"
    return settings.model_copy(update=update)


if __name__ == "__main__":
    asyncio.run(main())
