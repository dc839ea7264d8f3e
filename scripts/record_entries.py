"""Records one entry of each kind from a real conversation into tests/contract/recorded/v<VERSION>.

`python -m scripts.record_entries` keeps all recorded entries, variants that were added by hand too, and adds missing
ones: entries that an earlier release of the same schema version wrote must stay readable. `--from-scratch` records from
scratch, for a new version.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sqlite3
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import VERSION
from tertulia_shared.entries import NEWEST_VERSION, UserTurn, VoiceClip, VoiceClips, Work
from tertulia_shared.events import Thinking
from tertulia_shared.ids import new_id
from tertulia_shared.keys import STAGES, Key
from tertulia_shared.voice_clips import new_clip_id
from tests.harness import recorded_entries
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.sound import microphone
from tests.harness.stack import Stack

SHORT_CHUNKS = {"TERTULIA_TTS_FIRST_CHUNK_MS": "20", "TERTULIA_TTS_CHUNK_MS": "20"}


class Recorder:
    """Keeps all entries in `known`, several of a kind too, and the first one of each kind that is not among them."""

    def __init__(self, known: Iterable[recorded_entries.Recorded]) -> None:
        self._entries = list(known)
        self._names = {each.name for each in self._entries}

    def of(self, stream: str) -> list[recorded_entries.Recorded]:
        """The recorded entries of a stream."""
        return [each for each in self._entries if each.stream == stream]

    def see(self, stream: str, entries: Iterable[Entry]) -> None:
        """Keep these entries, except those whose kind is recorded already."""
        for entry in entries:
            if entry.fields.get(b"v") != str(VERSION).encode():
                continue
            each = recorded_entries.new(stream, entry.id, entry.fields)
            if each.name not in self._names:
                self._names.add(each.name)
                self._entries.append(each)


async def record(stack: Stack, recorder: Recorder) -> None:
    """Run a conversation and record the entries of its streams."""
    async with stack.bus() as bus, _following(bus, recorder), talk(*stack.urls) as client:
        await _talk(stack, bus, client)
        c, keys = client.record.conversation_id, bus.keys
        await _record_conversation(bus, recorder, c, list(client.record.messages))
        hashes = {
            "state": keys.state(c), "cast": keys.cast(), "voices": keys.voices(),
            "character_names": keys.character_names(),
            "mic_progress": keys.mic_progress(c, client.record.of("vad_start")[0]["session_id"]),
        }  # fmt: skip
        for name, key in hashes.items():
            if not (recorded_entries.FOLDER / f"v{VERSION}" / f"{name}.json").exists():
                recorded_entries.save_hash(VERSION, name, await bus.hash(key))


async def _talk(stack: Stack, bus: Bus, client: TalkClient) -> None:
    c, keys = client.record.conversation_id, bus.keys
    await asyncio.to_thread(_ask_about_the_model, stack.http("/api/model"))
    await client.send("model_settings", temperature=0.5)
    await _change_the_conversation(stack, client)
    with _store_locked(stack):
        await client.hears("Luna, hello!", new_id())
        await client.until_event("warning")
    # a story that the user interrupts: the heard text goes through the outbox
    begun = len(client.record.frames)
    await client.say("Luna, tell me a story.", new_id())
    await client.until(lambda: len(client.record.frames) > begun + 60, "some of a story")
    message = list(client.record.messages.values())[-1]
    await client.send(
        "playback", message_id=message.message_id, sentence_index=0, chunk_index=3, played_ms=80,
    )  # fmt: skip
    await client.send("interrupt")
    await client.until_event("message_heard")
    # the story is told again, and the first version is chosen
    turn_id = new_id()
    await client.send("request_reply", replaces=message.message_id, turn_id=turn_id)
    await client.until_event("history_changed")
    await client.send("choose_version", message_id=message.message_id)
    await client.until(lambda: len(client.record.of("history_changed")) > 1, "the choice of a version")
    # another story that a second worker resumes, and a client that reconnects
    turn_id, begun = new_id(), len(client.record.frames)
    await client.say("Rex, tell me a story.", turn_id)
    await client.until(lambda: len(client.record.frames) > begun + 60, "some of a story")
    writer = stack.owner("llm")
    if writer is not None:
        writer.send(signal.SIGKILL)
        stack.start("llm")
    client.drop()
    await client.until_done(turn_id)
    await client.send("start_listening")
    for frame in microphone("hello_luna.wav", silence_ms=1500):
        await client.send_raw(frame[: len(frame) // 5])
        for part in range(1, 5):
            await client.send_raw(frame[part * len(frame) // 5 : (part + 1) * len(frame) // 5])
    await client.until_event("transcription_finished")
    await client.send("stop_listening")
    await client.until_event("listening_stopped")
    await client.until_done(client.record.of("transcription_finished")[-1]["turn_id"])
    # the demo model does not reason
    thinking, reply = bus.outlet(epoch=99), client.record.of("turn_started")[-1]["replies"][0]
    event = Thinking(reply["message_id"], turn_id, reply["character_id"], reply["character_name"])
    thinking.append(keys.events(c), event)
    await thinking.flush()
    # the speech engine of this stack does not clone, so the gateway accepts no recording
    clips = bus.outlet()
    clips.append(keys.clips(), VoiceClips((asdict(VoiceClip(new_clip_id(), "Ada", "en-GB", "It is late.")),)))
    await clips.flush()
    # unanswerable work: a turn of a newer release, and a pointer without a stream
    outlet = bus.outlet(epoch=99)
    outlet.append(keys.turns(c), UserTurn(new_id(), c, "Hello?", "typed"), v=NEWEST_VERSION + 1)
    await outlet.flush()
    await bus.post("llm", Work(c))
    await client.until_event("error")
    await eventually(lambda: stack.length(keys.dead()) or None, "a dead letter")


def _give_lorebook(url: str) -> None:
    """Give the conversation a lorebook with an entry for every prompt."""
    book = {"entries": {"0": {"uid": 0, "comment": "The roof", "content": "They sit on a roof.", "constant": True}}}
    body, headers = json.dumps(book).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method="PUT")  # noqa: S310 - ours
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - ours


async def _change_the_conversation(stack: Stack, client: TalkClient) -> None:
    """Choose who sits at the table and who the user is, write a note and a summary, and give a lorebook."""
    path = f"/api/conversations/{client.record.conversation_id}/lorebook"
    await asyncio.to_thread(_give_lorebook, stack.http(path))
    await client.until_event("lorebook")
    summary = f"/api/conversations/{client.record.conversation_id}/summary"
    await asyncio.to_thread(_put, stack.http(summary), {"text": "Ada mends clocks."})
    await client.until_event("summary")
    await client.send("refresh_characters")
    await client.until_event("characters")
    seats = [each["id"] for each in client.record.of("characters")[-1]["characters"]]
    await client.send("cast", characters=seats)
    await client.until_event("cast")
    await client.send("persona", persona_id=await asyncio.to_thread(_save_persona, stack.http("/api/personas")))
    await client.until_event("persona")
    await client.send("note", text="It rains.", depth=1)
    await client.until_event("note")


def _save_persona(url: str) -> str:
    """Save a persona. Returns its id."""
    persona_id = new_id()
    persona = {"name": "Ada", "description": "{{user}} mends clocks."}
    _put(f"{url}/{persona_id}", persona)
    return persona_id


def _put(url: str, body: Mapping[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - ours
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - ours


def _ask_about_the_model(url: str) -> None:
    """Ask which model server is used, and try one that nobody serves."""
    urllib.request.urlopen(url, timeout=30).close()  # noqa: S310 - ours
    nobody = {"address": "http://127.0.0.1:1/v1", "model": "house/model", "key": "sk-recorded-0123456789"}
    request = urllib.request.Request(  # noqa: S310 - ours
        url, json.dumps(nobody).encode(), {"Content-Type": "application/json"}, method="PUT"
    )
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - ours


async def _record_conversation(bus: Bus, recorder: Recorder, c: str, message_ids: list[str]) -> None:
    keys = bus.keys
    of: dict[str, list[Key]] = {
        "turns": [keys.turns(c)], "events": [keys.events(c)], "control": [keys.control(c)],
        "receipts": [keys.receipts(c)], "broadcast": [keys.broadcast()], "clips": [keys.clips()], "dead": [keys.dead()],
        "sentences": [keys.sentences(c, id) for id in message_ids], "audio": [keys.audio(c, id) for id in message_ids],
    }  # fmt: skip
    for stream, streams in of.items():
        for key in streams:
            recorder.see(stream, await bus.read(key))


@asynccontextmanager
async def _following(bus: Bus, recorder: Recorder) -> AsyncGenerator[None]:
    """A bus that also records entries that are deleted at once."""

    async def follow(stream: str, key: Key) -> None:
        reading = bus.follow(key)
        while True:
            entries = await reading.read()
            recorder.see(stream, entries)
            for entry in entries if stream == "model_requests" else ():
                begin("model_answer", bus.keys.model_answer(entry.fields[b"request_id"].decode()))
            for entry in entries if key.name == bus.keys.work("stt").name else ():
                session = entry.fields[b"session_id"].decode()
                begin("mic", bus.keys.mic(entry.fields[b"conversation_id"].decode(), session))

    following: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as tasks:

        def begin(stream: str, key: Key) -> None:
            following.append(tasks.create_task(follow(stream, key)))

        for stage in STAGES:
            begin("work", bus.keys.work(stage))
        begin("store", bus.keys.store())
        begin("model_requests", bus.keys.model_requests())
        yield
        for task in following:
            task.cancel()


@contextlib.contextmanager
def _store_locked(stack: Stack) -> Generator[None]:
    with contextlib.closing(sqlite3.connect(stack.data_dir / "tertulia.db", isolation_level=None)) as store:
        store.execute("BEGIN EXCLUSIVE")
        yield
        store.execute("ROLLBACK")


def main() -> None:
    """Record, and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--from-scratch", action="store_true", help="drop the recorded entries of this version first")
    from_scratch: bool = parser.parse_args().from_scratch
    folder = recorded_entries.FOLDER / f"v{VERSION}"
    if from_scratch:
        for file in folder.glob("*.json"):
            file.unlink()
    recorder = Recorder(recorded_entries.load(VERSION) if (folder / "work.json").exists() else ())
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-record-") as place,
        Stack(Path(place) / "stack", env=SHORT_CHUNKS) as stack,
    ):
        asyncio.run(record(stack, recorder))
    for stream in recorded_entries.STREAMS:
        recorded_entries.save(VERSION, stream, recorder.of(stream))


if __name__ == "__main__":
    main()
