"""The kinds of input that go to a gateway process: WebSocket frames, raw bytes on its socket, and REST requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tertulia_shared.events import EVENTS
from tertulia_shared.ids import new_id
from tests.fakes.client import talk
from tests.fakes.raw_socket import CLOSE, RawSocket, frame, frames_in, upgrade
from tests.fakes.stack import Stack
from tests.fuzz.in_process import command
from tests.fuzz.mutations import TEXTS, changed, flipped, value
from tests.fuzz.report import Report

BATCH = 50
PATIENCE_S = 30.0
REPLY_S = 0.2
"""How long a raw socket waits for what may or may not come."""
ERROR_CODES: Final = frozenset({
    "bad_json", "bad_message", "unknown_type", "bad_field", "bad_audio", "not_listening", "rate_limited",
    "unknown_conversation", "unavailable", "no_characters", "talk_lost", "stt_failed", "tts_failed",
    "llm_auth", "llm_credit", "llm_model", "llm_rate", "llm_unavailable", "llm_bad_request", "turn_failed",
})  # fmt: skip
CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1005, 1007, 1008, 1009, 1013, 4001})
CHARACTER: Final = {"name": "Iris", "voice": "luna", "system_prompt": "You are Iris.", "image": "", "active": False}


async def websocket(stack: Stack, report: Report, count: int, rng: Random) -> None:
    """Text and binary frames, in batches; each batch is answered before the next."""
    while report.inputs < count:
        batch: list[str | bytes] = [
            command(rng) if rng.randrange(4) else rng.randbytes(rng.choice((0, 1, 2, 640, 3200, 6402)))
            for _ in range(min(BATCH, count - report.inputs))
        ]
        report.inputs += len(batch)
        try:
            async with connect(stack.urls[0], proxy=None, compression=None, max_size=None) as socket:
                for each in batch:
                    await socket.send(each)
                await socket.send('{"type": "refresh_characters"}')
                async with asyncio.timeout(PATIENCE_S):
                    while (await _judged(socket.recv(), report))["type"] != "characters":
                        pass
        except ConnectionClosed as closed:
            if closed.rcvd is None or closed.rcvd.code not in CLOSE_CODES:
                report.fail(f"closed with {closed.rcvd}")
        except TimeoutError:
            report.fail("a batch is not answered")


async def _judged(coming: Awaitable[str | bytes], report: Report) -> Mapping[str, Any]:
    got = await coming
    if isinstance(got, bytes):
        return {"type": "audio"}
    told: dict[str, Any] = json.loads(got)
    if told["type"] not in {*EVENTS, "audio_complete", "turn_metrics", "model_settings"}:
        report.fail(f"an event of type {told['type']!r}")
    if told["type"] == "error" and told["code"] not in ERROR_CODES:
        report.fail(f"an error with code {told['code']!r}")
    return told


async def raw_frames(stack: Stack, report: Report, count: int, rng: Random) -> None:
    """RFC 6455 frames as no library sends them, and handshakes that are none."""
    port = stack.of("gateway")[0].port
    while report.inputs < count:
        sent = b"".join(_frame(rng) for _ in range(min(10, count - report.inputs)))
        report.inputs += 10
        async with RawSocket.at(port) as raw:
            request = upgrade()
            await raw.write(request if rng.randrange(4) else flipped(rng, request))
            with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(REPLY_S):
                    await raw.reader.readuntil(b"\r\n\r\n")
            await raw.write(sent + frame(CLOSE, b"\x03\xe8"))
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(REPLY_S):
                    got = await raw.reader.read(65536)
                    closes = [data for opcode, data in frames_in(got) if opcode == CLOSE and len(data) >= 2]
                    codes = [int.from_bytes(data[:2]) for data in closes]
                    if any(code not in CLOSE_CODES for code in codes):
                        report.fail(f"closed with {codes}")


def _frame(rng: Random) -> bytes:
    data = command(rng).encode() if rng.randrange(3) else rng.randbytes(rng.choice((0, 1, 125, 126, 700)))
    made = frame(
        rng.choice((0, 1, 1, 1, 2, 2, 3, 8, 9, 10, 15)), data,
        fin=rng.randrange(5) > 0, masked=rng.randrange(9) > 0, rsv=rng.choice((0, 0, 0, 0, 1, 4)),
    )  # fmt: skip
    return made if rng.randrange(6) else flipped(rng, made)


async def rest(stack: Stack, report: Report, count: int, rng: Random) -> None:
    """Requests made from `/openapi.json`, with hostile parameters and bodies."""
    base = stack.http("").replace("127.0.0.1", "localhost")
    async with httpx2.AsyncClient(base_url=base, timeout=PATIENCE_S) as http:
        described = (await http.get("/openapi.json")).json()
        operations = [(method, path) for path, of in described["paths"].items() for method in of]
        while report.inputs < count:
            report.inputs += 1
            method, path = rng.choice(operations)
            place = re.sub(r"\{\w+\}", lambda _: _part(rng), path)
            query = {
                name: _part(rng) for name in ("limit", "before", "after", "format", "text") if not rng.randrange(4)
            }
            body = _body(rng) if method in ("post", "patch", "put") else None
            headers = {"content-type": rng.choice(("application/json", "text/plain", "x"))} if body is not None else {}
            try:
                answer = await http.request(method.upper(), place, params=query, content=body, headers=headers)
            except (httpx2.InvalidURL, UnicodeError, ValueError):
                continue  # the client refuses to send it
            except httpx2.HTTPError as error:
                report.fail(f"{method} {place[:60]!r}: {type(error).__name__}")
                continue
            if answer.status_code >= 500 and answer.status_code != 503:
                report.fail(f"{method} {place[:60]!r}: {answer.status_code}")


def _part(rng: Random) -> str:
    given = rng.choice((new_id(), rng.choice(TEXTS), str(rng.randrange(-3, 300)), "json", "markdown"))
    return given.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")[:500] or "x"


def _body(rng: Random) -> bytes:
    given = changed(rng, CHARACTER) if rng.randrange(4) else value(rng)
    made = json.dumps(given).encode()
    return made if rng.randrange(4) else flipped(rng, made)


KINDS: Final[Mapping[str, Callable[[Stack, Report, int, Random], Awaitable[None]]]] = {
    "WebSocket frames": websocket,
    "raw frames": raw_frames,
    "REST requests": rest,
}


async def fuzz(stack: Stack, kind: str, count: int, seed: int) -> Report:
    """Send so many inputs of a kind; afterwards the gateway must be what it was."""
    report = Report(kind)
    gateway = stack.of("gateway")[0]
    await KINDS[kind](stack, report, count, Random(f"{seed}:{kind}"))
    if not gateway.running:
        report.fail("the gateway has ended")
        return report
    if "Traceback" in (log := gateway.log.read_text(errors="replace")):
        report.fail("a traceback in the gateway's log: " + log[log.index("Traceback") :][:1500])
    try:
        async with talk(*stack.urls) as client:
            await client.hears("hello", new_id())
    except (AssertionError, OSError, InvalidHandshake) as error:
        report.fail(f"no talk afterwards: {error}")
    return report
