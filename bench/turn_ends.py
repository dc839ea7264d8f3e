"""Measures when spoken turns end and when their replies begin, with real processes.

    python -m bench.turn_ends [--every N] [--ways WAY ...] [--first-token-ms 400] [--stt whisper]

Each recording (`spoken_recordings`) is sent at the pace of speech. The client measures three times from the end of the
last word: until the end of the turn (`turn_accepted`), until the first text and until the first sound. A *cut-in* is
sound of a reply that comes in a pause, before the user continues. The ways are compared in one run: each recording is
sent in all ways, one after the other.

    fixed        every turn ends after 640 ms of silence, and is never reopened
    words        the words decide about the silence, and turns are reopened
    words late   as `words`, but the final text is made only after the silence that ends a piece (no draft)
    ahead        as `words`, and the model is asked at a pause that may be the end (thinking ahead)
    ahead late   as `ahead`, without a draft

`bench.turn_policy` measures the decisions alone, so its figures do not depend on the speed of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

from bench.spoken_recordings import RATE, Recording, recordings
from bench.turn_steps import STEPS, steps_of
from tertulia_llm.demo.server import DemoSettings, demo_server
from tertulia_llm.demo.wire import MODEL as DEMO_MODEL
from tests.harness.stack import Stack

FRAME_S = 0.02
LATE_S = 4.0
"""Seconds after the end of the recording in which the first sound must come."""

FIXED = {
    "TERTULIA_STT_SILENCE_MS": "640",
    "TERTULIA_STT_END_FINISHED_MS": "640",
    "TERTULIA_STT_END_UNCLEAR_MS": "640",
    "TERTULIA_STT_END_OPEN_MS": "640",
    "TERTULIA_STT_REOPEN_MS": "0",
    "TERTULIA_THINK_AHEAD": "off",
}
NO_DRAFT = {"TERTULIA_STT_DRAFT_MS": "0"}
WAYS: Mapping[str, Mapping[str, str]] = {
    "fixed": FIXED,
    "words": {"TERTULIA_THINK_AHEAD": "off"},
    "words late": {"TERTULIA_THINK_AHEAD": "off", **NO_DRAFT},
    "ahead": {"TERTULIA_THINK_AHEAD": "on"},
    "ahead late": {"TERTULIA_THINK_AHEAD": "on", **NO_DRAFT},
}


@dataclass
class Heard:
    """The events and sounds that the client got for one recording. Times are in seconds since the recording began."""

    recording: Recording
    accepted: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """Time, turn id and text of each `turn_accepted`."""
    texts: list[float] = field(default_factory=list[float])
    sounds: list[float] = field(default_factory=list[float])
    steps: Mapping[str, float] = field(default_factory=dict[str, float])
    """See `turn_steps`."""

    @property
    def cut_ins(self) -> int:
        """The number of pauses in which a reply was heard."""
        speech = self.recording.speech
        pauses = [(before[1], after[0]) for before, after in pairwise(speech)]
        return sum(any(begin <= at < end for at in self.sounds) for begin, end in pauses)

    def after_speech_ms(self, times: Sequence[float]) -> float | None:
        """Milliseconds from the end of the last word to the first of the times after it; None if no time is after
        it.
        """
        end = self.recording.speech[-1][1]
        return min(((at - end) * 1000 for at in times if at > end), default=None)


async def listen(stack: Stack, recording: Recording) -> Heard:
    """Send one recording at the pace of speech, in a conversation of its own."""
    heard = Heard(recording)
    async with connect(stack.urls[0], max_size=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "start_listening"}))
        conversation_id = ""
        while (event := json.loads(await socket.recv()))["type"] != "vad_detect_start":
            conversation_id = event.get("conversation_id", conversation_id)
        begun, began = time.perf_counter(), time.time()
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(socket, heard, begun))
            await _speak(socket, heard, begun)
            reading.cancel()
        await socket.send(json.dumps({"type": "interrupt"}))
    async with stack.bus() as bus:
        heard.steps = await steps_of(bus, conversation_id, event["session_id"], recording, began)
    return heard


async def _speak(socket: ClientConnection, heard: Heard, begun: float) -> None:
    """Send the recording, up to the first sound of the reply after the last word."""
    size, pcm = round(RATE * FRAME_S) * 2, heard.recording.pcm
    for number, at in enumerate(range(0, len(pcm), size), 1):
        await asyncio.sleep(max(0.0, begun + number * FRAME_S - time.perf_counter()))
        await socket.send(pcm[at : at + size])
        if heard.after_speech_ms(heard.sounds) is not None:
            return


async def _read(socket: ClientConnection, heard: Heard, begun: float) -> None:
    async for frame in socket:
        now = time.perf_counter() - begun
        if isinstance(frame, bytes):
            heard.sounds.append(now)
            continue
        event = json.loads(frame)
        match event["type"]:
            case "turn_accepted":
                heard.accepted.append((now, event["turn_id"], event["text"]))
            case "llm_chunk":
                heard.texts.append(now)
            case _:
                pass


def report(way: str, results: Sequence[Heard]) -> None:
    """Print the table of one way."""
    pauses = sum(len(heard.recording.speech) - 1 for heard in results)
    cut_ins = sum(heard.cut_ins for heard in results)
    split = sum(len({turn for _, turn, _ in heard.accepted}) > 1 for heard in results)
    print(
        f"\n{way}: {100 * cut_ins / max(1, pauses):.0f} cut-ins per 100 pauses; {split} of {len(results)} turns split"
    )
    print("  steps: " + "; ".join(f"{step} {_median([row.steps.get(step) for row in results])}" for step in STEPS))
    for kind in dict.fromkeys(heard.recording.kind for heard in results):
        rows = [heard for heard in results if heard.recording.kind == kind]
        print(f"  {kind:14}" + "".join(f"  {name} {_median(values)}" for name, values in _times(rows).items()))


def _times(rows: Sequence[Heard]) -> Mapping[str, Sequence[float | None]]:
    return {
        "end of turn": [row.after_speech_ms([at for at, _, _ in row.accepted]) for row in rows],
        "first text": [row.after_speech_ms(row.texts) for row in rows],
        "first sound": [row.after_speech_ms(row.sounds) for row in rows],
    }


def _median(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):5.0f} ms" if known else "      -"


def compare(ways: Mapping[str, Sequence[Heard]]) -> None:
    """Print one line for each recording. Then print how much earlier the first sound comes if the server thinks
    ahead.
    """
    print("\nfirst sound after the last word (ms), and the text of the last turn by `ahead`")
    first_sounds: dict[str, list[float | None]] = {}
    for rows in zip(*ways.values(), strict=True):
        times = [row.after_speech_ms(row.sounds) for row in rows]
        shown = "  ".join("    -" if at is None else f"{at:5.0f}" for at in times)
        said = rows[-1].accepted[-1][2] if rows[-1].accepted else ""
        print(f"  {shown}  {rows[0].recording.name[:60]:60}  {said[:70]}")
        for way, at in zip(ways, times, strict=True):
            first_sounds.setdefault(way, []).append(at)
    for words, ahead in (("words", "ahead"), ("words late", "ahead late")):
        pairs = zip(first_sounds.get(words, ()), first_sounds.get(ahead, ()), strict=False)
        gains = [before - after for before, after in pairs if before is not None and after is not None]
        if gains:
            print(f"{ahead}: first sound earlier by {_median(gains)} than {words} (median of {len(gains)} recordings)")


async def measure(
    folder: Path, ways: Sequence[str], spoken: Sequence[Recording], own: Mapping[str, str]
) -> dict[str, list[Heard]]:
    """Send all recordings in all ways, one after the other. `own`: settings of all ways."""
    with ExitStack() as stacks:
        running = {
            way: stacks.enter_context(Stack(folder / way.replace(" ", "-"), env={**own, **WAYS[way]})) for way in ways
        }
        heard: dict[str, list[Heard]] = {way: [] for way in ways}
        for recording in spoken:
            for way, stack in running.items():
                heard[way].append(await listen(stack, recording))
        return heard


def settings(asked: argparse.Namespace, model: str) -> Mapping[str, str]:
    """The settings of all ways. `model`: the address of the model server."""
    return {
        "TERTULIA_STT_ENGINE": asked.stt,
        "TERTULIA_TTS_ENGINE": asked.tts,
        "TERTULIA_MODELS_DIR": str(Path("data/models").resolve()),
        "TERTULIA_LOG_LEVEL": "WARNING",
        "TERTULIA_LLM_BASE_URL": model,
        "TERTULIA_LLM_MODEL": DEMO_MODEL,
    }


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="use only every n-th recording")
    parser.add_argument("--ways", nargs="+", default=["fixed", "words", "ahead"], choices=list(WAYS))
    parser.add_argument("--first-token-ms", type=float, default=150.0, help="time until the model's first token")
    parser.add_argument("--stt", default="pocketsphinx", help="the recognizer")
    parser.add_argument("--tts", default="espeak", help="the speech engine")
    asked = parser.parse_args()
    spoken = list(recordings())[:: asked.every]
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    model = DemoSettings(tokens_per_second=80.0, first_token_ms=asked.first_token_ms)
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder:
        async with demo_server(model) as url:
            ways = await measure(Path(folder), asked.ways, spoken, settings(asked, url))
    for way, results in ways.items():
        report(way, results)
    compare(ways)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
