"""Kinds of input for a gateway process: WebSocket frames, raw bytes on its socket, and REST requests.

Each batch of inputs has its own connection and its own random generator. Several batches run at the same time.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tertulia_shared.events import EVENTS
from tertulia_shared.ids import new_id
from tests.fuzz.in_process import command
from tests.fuzz.mutations import TEXTS, changed, flipped, value
from tests.fuzz.report import Report, Run
from tests.harness.client import talk
from tests.harness.raw_socket import CLOSE, MASK, RawSocket, frame, frames_in, upgrade
from tests.harness.stack import Stack

AT_ONCE = 6
"""Number of batches that run at the same time."""
PATIENCE_S = 30.0
HEALTH_S = 0.25
"""Time between two requests for /healthz."""
MAX_HEALTH_S = 5.0
"""Maximum processor time that the gateway may use before it answers /healthz. A blocked event loop uses far more."""
REPLY_S = 0.5
"""How long a raw socket waits for a reply that may not come."""
PROTOCOL: Final = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
CHARACTER: Final = {"name": "Iris", "voice": "luna", "system_prompt": "You are Iris.", "image": "", "active": False}


def _first_column(begin: str, end: str, pattern: str) -> frozenset[str]:
    """The names in the first column of a table of docs/protocol.md."""
    part = PROTOCOL[PROTOCOL.index(begin) :]
    rows = part[: part.index(end)].splitlines()
    return frozenset(name for row in rows if row.startswith("|") for name in re.findall(pattern, row.split("|")[1]))


ERROR_CODES: Final = _first_column("\n## Errors", "\n## REST", r"`(\w+)`")
WARNING_CODES: Final = _first_column("\n## Warnings", "\n## Errors", r"`(\w+)`")
CLOSE_CODES: Final = frozenset(map(int, _first_column("| close code", "\n## From the client", r"\d{4}"))) | {1000}
"""The code 1000 is the reply to a close frame of the client."""


@dataclass
class Target:
    """The processes under test, and the report about one kind of input."""

    stack: Stack
    report: Report

    @property
    def port(self) -> int:
        """The gateway's port."""
        return self.stack.of("gateway")[0].port

    def fail(self, what: str) -> None:
        """Record a failure that an input caused."""
        self.report.fail(what)


async def websocket(to: Target, rng: Random) -> None:
    """Send text and binary frames. The reply to the last frame shows that all of them were read."""
    batch: list[str | bytes] = [
        command(rng) if rng.randrange(4) else rng.randbytes(rng.choice((0, 1, 2, 640, 3200, 6402))) for _ in range(50)
    ]
    last = f"last-{rng.getrandbits(32):x}"
    limited = False
    try:
        async with connect(to.stack.urls[0], proxy=None, compression=None, max_size=None, max_queue=None) as socket:
            for each in batch:
                await socket.send(each)
            await socket.send(json.dumps({"type": last}))
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    event = _checked(await socket.recv(), to.report)
                    limited = limited or event.get("code") == "rate_limited"
                    if event.get("code") == "unknown_type" and last in event["message"]:
                        break
    except ConnectionClosed as closed:
        code = None if closed.rcvd is None else closed.rcvd.code
        to.fail(f"frames of a client below every bound closed it with {code}")
    except TimeoutError:
        to.fail("a batch is not answered")
    if not limited:  # frames that were dropped do not count as tested
        to.report.inputs += len(batch)


def _checked(got: str | bytes, report: Report) -> Mapping[str, Any]:
    if isinstance(got, bytes):
        return {}
    event: dict[str, Any] = json.loads(got)
    if event["type"] not in {*EVENTS, "audio_complete", "turn_metrics", "model_settings"}:
        report.fail(f"an event of type {event['type']!r}")
    for kind, codes in (("error", ERROR_CODES), ("warning", WARNING_CODES)):
        if event["type"] == kind and event["code"] not in codes:
            report.fail(f"{kind} {event['code']!r} is not in docs/protocol.md")
    return event


async def raw_frames(to: Target, rng: Random) -> None:
    """Send unusual RFC 6455 frames, of which the last is broken; or a broken handshake."""
    async with RawSocket.at(to.port) as raw:
        request = upgrade()
        if not rng.randrange(5):
            to.report.inputs += 1
            await raw.write(flipped(rng, request))
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(REPLY_S):
                    await raw.reader.read(65536)
            return
        await raw.write(request)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await raw.reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            to.fail(f"a good handshake is not answered: {error!r}")
            return
        sent = [part for _ in range(6) for part in _whole(rng)]
        broken = _broken(rng)
        await raw.write(b"".join(sent) + broken + frame(CLOSE, b"\x03\xe8"))
        to.report.inputs += len(sent) + 1
        closes = [data for opcode, data in frames_in(await _until_closed(raw)) if opcode == CLOSE and len(data) >= 2]
        codes = [int.from_bytes(data[:2]) for data in closes if _masked(data[:2]) not in broken]
        if any(code not in CLOSE_CODES for code in codes):
            to.fail(f"closed with {codes}")


async def _until_closed(raw: RawSocket) -> bytes:
    """All bytes that the gateway sends until it closes the connection.

    If the length of a frame was changed, the close frame after it counts as a part of that frame, and the gateway waits
    for more, up to its next ping or longer. So after a moment, the client closes its side of the connection.
    """
    got = bytearray()
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(REPLY_S):
            while more := await raw.reader.read(65536):
                got += more
            return bytes(got)
    with suppress(OSError):
        raw.writer.write_eof()
    return bytes(got) + await raw.rest()


def _masked(code: bytes) -> bytes:
    return bytes(byte ^ mask for byte, mask in zip(code, MASK, strict=False))


def _whole(rng: Random) -> list[bytes]:
    """One message, in one frame or in several with a ping between them; or a pong that was not requested."""
    text = command(rng).encode(errors="replace")
    cut = rng.randrange(len(text) + 1)
    match rng.randrange(5):
        case 0:
            return [frame(10, rng.randbytes(rng.randrange(126)))]
        case 1:
            return [frame(2, rng.randbytes(rng.choice((0, 1, 125, 126, 700))))]
        case 2:
            middle = [frame(9, b"x"), frame(0, fin=False)]
            return [frame(1, text[:cut], fin=False), *middle, frame(0, text[cut:])]
        case _:
            return [frame(1, text)]


def _broken(rng: Random) -> bytes:
    data = command(rng).encode(errors="replace") if rng.randrange(3) else rng.randbytes(rng.choice((0, 1, 125, 700)))
    made = frame(
        rng.choice((0, 1, 1, 1, 2, 2, 3, 8, 9, 10, 15)), data,
        fin=rng.randrange(5) > 0, masked=rng.randrange(9) > 0, rsv=rng.choice((0, 0, 0, 0, 1, 4)),
    )  # fmt: skip
    return made if rng.randrange(3) else flipped(rng, made)


async def rest(to: Target, rng: Random) -> None:
    """Send requests that are built from `/openapi.json`, with hostile parameters and bodies."""
    async with httpx2.AsyncClient(base_url=f"http://localhost:{to.port}", timeout=PATIENCE_S) as http:
        described = (await http.get("/openapi.json")).json()
        operations = [(method, path) for path, of in described["paths"].items() for method in of]
        for _ in range(50):
            await _request(http, *rng.choice(operations), to.report, rng)


async def _request(http: httpx2.AsyncClient, method: str, path: str, report: Report, rng: Random) -> None:
    place = re.sub(r"\{\w+\}", lambda _: _part(rng), path)
    query = {name: _part(rng) for name in ("limit", "before", "after", "format", "text") if not rng.randrange(4)}
    body = _body(rng) if method in ("post", "patch", "put") else None
    headers = {"content-type": rng.choice(("application/json", "text/plain", "x"))} if body is not None else {}
    try:
        answer = await http.request(method.upper(), place, params=query, content=body, headers=headers)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return  # httpx refuses to send such a request
    except httpx2.HTTPError as error:
        report.fail(f"{method} {place[:60]!r}: {type(error).__name__}")
        return
    if answer.status_code == 429:
        return  # it does not count as tested
    report.inputs += 1
    if answer.status_code >= 500 and answer.status_code != 503:
        report.fail(f"{method} {place[:60]!r}: {answer.status_code}")


def _part(rng: Random) -> str:
    given = rng.choice((new_id(), rng.choice(TEXTS), str(rng.randrange(-3, 300)), "json", "markdown"))
    return given.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")[:500] or "x"


def _body(rng: Random) -> bytes:
    given = changed(rng, CHARACTER) if rng.randrange(4) else value(rng)
    made = json.dumps(given).encode()
    return made if rng.randrange(4) else flipped(rng, made)


KINDS: Final[Mapping[str, Callable[[Target, Random], Awaitable[None]]]] = {
    "WebSocket frames": websocket,
    "raw frames": raw_frames,
    "REST requests": rest,
}
SHARES: Final[Mapping[str, float]] = {"WebSocket frames": 0.1, "raw frames": 0.05, "REST requests": 0.03}
"""The share of all inputs that each kind gets."""


@dataclass
class Health:
    """Requests /healthz repeatedly."""

    to: Target

    async def watch(self) -> None:
        """Record slow answers and failures until cancelled."""
        (gateway,) = self.to.stack.of("gateway")
        async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
            while True:
                begun = gateway.cpu_s
                try:
                    answer = await http.get(f"http://localhost:{self.to.port}/healthz")
                    if answer.status_code != 200:
                        self.to.fail(f"/healthz answers {answer.status_code}")
                except httpx2.HTTPError as error:
                    self.to.fail(f"/healthz does not answer: {error!r}")
                took = gateway.cpu_s - begun
                if took > MAX_HEALTH_S:
                    self.to.fail(f"/healthz took {took:.1f} s of processor time")
                await asyncio.sleep(HEALTH_S)


def fuzz(stack: Stack, run: Run, kind: str, count: int, within_s: float) -> None:
    """Send `count` inputs of a kind, or as many as the time allows. Afterwards, all processes must work."""
    report, begun = run.report(kind), time.monotonic()
    try:
        asyncio.run(_fuzz(Target(stack, report), run, kind, count, begun + within_s))
    finally:
        report.seconds = time.monotonic() - begun


async def _fuzz(to: Target, run: Run, kind: str, count: int, until: float) -> None:
    behind = to.stack.log_sizes()
    numbers = iter(range(count))

    async def batches() -> None:
        for number in numbers:
            if to.report.inputs >= count or time.monotonic() > until:
                return
            await KINDS[kind](to, Random(f"{run.seed}:{kind}:{number}"))
            run.tick()

    watching = asyncio.create_task(Health(to).watch())
    try:
        await asyncio.gather(*(batches() for _ in range(AT_ONCE)))
    except OSError as error:
        to.fail(f"the gateway cannot be reached: {error}")
    finally:
        watching.cancel()
    for process in to.stack.processes:
        if not process.running:
            to.fail(f"{process.name} has ended\n{process.tail()}")
        log = process.log.read_bytes()[behind[process.name] :].decode(errors="replace")
        if "Traceback" in log:
            to.fail(f"a traceback in the log of {process.name}: " + log[log.index("Traceback") :][:1500])
    try:
        async with talk(*to.stack.urls) as client:
            await client.hears("hello", new_id())
    except (AssertionError, OSError, InvalidHandshake) as error:
        to.fail(f"no talk afterwards: {error}")
