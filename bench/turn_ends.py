"""Measures when spoken turns end and when their replies begin, with real processes.

    python -m bench.turn_ends [--limit N]

Each recording (`spoken_recordings`) is sent at the pace of speech. The client measures three times from the end of the
last word: until the end of the turn (`turn_accepted`), until the first text and until the first sound. A *cut-in* is
sound of a reply that comes in a pause, before the user continues. Three ways are compared in one run:

    fixed   every turn ends after 640 ms of silence, and is never reopened
    words   the words decide about the silence, and turns are reopened
    ahead   as `words`, and the model is asked at a pause that may be the end (thinking ahead)

`bench.turn_policy` measures the decisions alone, so its figures do not depend on the speed of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

from bench.spoken_recordings import RATE, Recording, recordings
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
WAYS: Mapping[str, Mapping[str, str]] = {
    "fixed": FIXED,
    "words": {"TERTULIA_THINK_AHEAD": "off"},
    "ahead": {"TERTULIA_THINK_AHEAD": "on"},
}


@dataclass
class Heard:
    """The events and sounds that the client got for one recording. Times are in seconds since the recording began."""

    recording: Recording
    accepted: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """Time, turn id and text of each `turn_accepted`."""
    texts: list[float] = field(default_factory=list[float])
    sounds: list[float] = field(default_factory=list[float])

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


async def listen(url: str, recording: Recording) -> Heard:
    """Send one recording at the pace of speech, in a conversation of its own."""
    heard = Heard(recording)
    async with connect(url, max_size=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "start_listening"}))
        while json.loads(await socket.recv())["type"] != "vad_detect_start":
            pass
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(socket, heard, begun))
            await _speak(socket, recording.pcm, begun)
            reading.cancel()
        await socket.send(json.dumps({"type": "interrupt"}))
    return heard


async def _speak(socket: ClientConnection, pcm: bytes, begun: float) -> None:
    size = round(RATE * FRAME_S) * 2
    for number, at in enumerate(range(0, len(pcm), size), 1):
        await asyncio.sleep(max(0.0, begun + number * FRAME_S - time.perf_counter()))
        await socket.send(pcm[at : at + size])


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
    gains: list[float] = []
    for rows in zip(*ways.values(), strict=True):
        times = [row.after_speech_ms(row.sounds) for row in rows]
        shown = "  ".join("    -" if at is None else f"{at:5.0f}" for at in times)
        said = rows[-1].accepted[-1][2] if rows[-1].accepted else ""
        print(f"  {shown}  {rows[0].recording.name[:60]:60}  {said[:70]}")
        by_way = dict(zip(ways, times, strict=True))
        if (words := by_way.get("words")) is not None and (ahead := by_way.get("ahead")) is not None:
            gains.append(words - ahead)
    print(f"thinking ahead: first sound earlier by {_median(gains)} (median of {len(gains)} recordings)")


async def measure(folder: Path, way: str, spoken: Sequence[Recording]) -> list[Heard]:
    """Send all recordings, one after the other."""
    environment = {"TERTULIA_TTS_ENGINE": "espeak", "TERTULIA_LOG_LEVEL": "WARNING", **WAYS[way]}
    with Stack(folder / way, env=environment) as stack:
        return [await listen(stack.urls[0], recording) for recording in spoken]


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=1000, help="number of recordings")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS), help="the ways to compare")
    asked = parser.parse_args()
    spoken = list(recordings())[: asked.limit]
    ways: dict[str, list[Heard]] = {}
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder:
        for way in asked.ways:
            ways[way] = await measure(Path(folder), way, spoken)
            report(way, ways[way])
    compare(ways)


if __name__ == "__main__":
    asyncio.run(main())
