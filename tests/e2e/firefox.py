"""Firefox, controlled by WebDriver BiDi. Playwright's protocol needs a Firefox of its own, which is not in Debian."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from tests.harness.eventually import PATIENCE_S, eventually

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PULSEAUDIO = shutil.which("pulseaudio")
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
# The browser can only connect to this machine: all else goes to a proxy that does not exist. Its microphone is a fake.
_PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
}


class BidiError(Exception):
    """Firefox has refused a command."""


class Firefox:
    """A connection to a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._logs: dict[str, list[str]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, socket: ClientConnection) -> Self:
        """Begin a session."""
        browser = cls(socket)
        await browser.send("session.new", capabilities={})
        await browser.send("session.subscribe", events=["log.entryAdded"])
        return browser

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Execute a command of WebDriver BiDi. Returns its result."""
        id_ = next(self._ids)
        answer = self._answers[id_] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": id_, "method": method, "params": params}))
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def open(self) -> FirefoxPage:
        """A new tab, with a storage of its own."""
        user = await self.send("browser.createUserContext")
        tab = await self.send("browsingContext.create", type="tab", userContext=user["userContext"])
        return FirefoxPage(self, tab["context"])

    def errors(self, context: str) -> list[str]:
        """The errors in the console of a tab."""
        return self._logs.get(context, [])

    def close(self) -> None:
        self._reader.cancel()

    async def _read(self) -> None:
        async for frame in self._socket:
            message = json.loads(frame)
            if message["type"] == "event":
                self._on_log(message["params"])
                continue
            answer = self._answers.pop(message["id"])
            if answer.done():
                continue
            if message["type"] == "error":
                answer.set_exception(BidiError(f"{message['error']}: {message['message']}"))
            else:
                answer.set_result(message["result"])

    def _on_log(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error":
            self._logs.setdefault(entry["source"].get("context", ""), []).append(entry["text"])


class FirefoxPage:
    """One tab. `css` selects an element by CSS."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def add_init_script(self, source: str) -> None:
        """Run a script in each document before its own scripts."""
        await self._browser.send(
            "script.addPreloadScript", functionDeclaration=f"() => {{ {source} }}", contexts=[self._context]
        )

    async def goto(self, url: str) -> None:
        await self._browser.send("browsingContext.navigate", context=self._context, url=url, wait="interactive")

    async def reload(self) -> None:
        await self._browser.send("browsingContext.reload", context=self._context, wait="interactive")

    async def evaluate(self, expression: str) -> Any:
        """Evaluate an expression, or await it. Returns its value, which must be serializable as JSON."""
        answer = await self._browser.send(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value))",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise BidiError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    async def text(self, css: str) -> str | None:
        """The visible text of the first element, or None if there is no such element."""
        text: str | None = await self.evaluate(f"document.querySelector({json.dumps(css)})?.innerText ?? null")
        return text

    async def wait_for(self, css: str, text: str = "") -> None:
        """Wait until an element is there whose text contains `text`."""

        async def found() -> bool:
            return text in (await self.text(css) or "") and await self.text(css) is not None

        await eventually(found, f"an element {css} with {text!r}")

    async def click(self, css: str) -> None:
        """Click on the middle of an element, as the user does."""
        x, y = await self.evaluate(
            f"(({{ x, y, width, height }}) => [Math.round(x + width / 2), Math.round(y + height / 2)])"
            f"(document.querySelector({json.dumps(css)}).getBoundingClientRect())"
        )
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._act({"type": "pointer", "id": "mouse", "actions": steps})

    async def type(self, keys: str) -> None:
        """Press keys. The special ones are the code points of WebDriver, for example `ENTER`."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": steps})

    async def write(self, text: str) -> None:
        """Send a message with the composer."""
        await self.click("#message")
        await self.type(text + ENTER)

    def assert_no_errors(self) -> None:
        errors = self._browser.errors(self._context)
        assert not errors, errors

    async def _act(self, source: dict[str, Any]) -> None:
        await self._browser.send("input.performActions", context=self._context, actions=[source])


ENTER, ESCAPE = "\ue007", "\ue00c"


@asynccontextmanager
async def firefox(folder: Path, *, pulse: str) -> AsyncGenerator[Firefox]:
    """A running Firefox. `pulse`: the address of the sound server."""
    assert FIREFOX
    folder.mkdir()  # noqa: ASYNC240 - a local folder
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines))
    process = await asyncio.create_subprocess_exec(
        FIREFOX, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0", "about:blank",
        env={**os.environ, "PULSE_SERVER": pulse, "HOME": str(folder)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    reading: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := _LISTENING.search((line := await process.stderr.readline()).decode())):
                assert line, "Firefox has exited before it accepted a connection"
        reading = asyncio.create_task(_drain(process.stderr))
        async with connect(f"{found[1]}/session", max_size=None, proxy=None) as socket:
            browser = await Firefox.connect(socket)
            yield browser
            browser.close()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if reading:
            await reading


@asynccontextmanager
async def sound_server(folder: Path) -> AsyncGenerator[str]:
    """A PulseAudio whose only output is a null sink. Returns its address."""
    assert PULSEAUDIO
    folder.mkdir()  # noqa: ASYNC240 - a local folder
    socket = folder / "socket"
    process = await asyncio.create_subprocess_exec(
        PULSEAUDIO, "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no",
        "--load=module-null-sink", f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1",
        env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await eventually(lambda: socket.exists() or process.returncode is not None, "the sound server listens")
        assert process.returncode is None, "pulseaudio has exited"
        yield f"unix:{socket}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass
