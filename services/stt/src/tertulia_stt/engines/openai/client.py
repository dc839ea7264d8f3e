"""The requests to the transcription server. All sessions share one pool of connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self

import aiohttp

from tertulia_shared.retry_after import retry_after_s, wait_before_retry
from tertulia_stt.engines.openai.answer import BadAnswer, EventReader, Transcript, read_json, read_text
from tertulia_stt.engines.openai.failures import RequestFailed, no_transcription, refusal, too_slow, unreachable
from tertulia_stt.engines.openai.forms import FORMS, PLAIN, REFUSED, Form, Question, wav

CONNECT_S: Final = 5.0
KEEP_ALIVE_S: Final = 60.0
WARM_S: Final = 3.0
"""A connection counts as open for this long after its last use. Many servers close it after five seconds."""
FIRST_BACKOFF_S: Final = 0.2
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_READ_BYTES: Final = 16 * 1024
_ERROR_BYTES: Final = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TranscriptionServer:
    """The server's address and key, what to ask for, and how long to wait for an answer."""

    base_url: str
    key: str
    question: Question
    timeout_s: float = 20.0
    retries: int = 3


class TranscriptionClient:
    """Use it as `async with`. All calls come from the event loop. `sleep` waits before a retry."""

    def __init__(
        self, server: TranscriptionServer, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self.server = server
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._form = 0
        """The first of `FORMS` that the server takes, as far as known."""
        self._streams = True
        """False if the server refuses to send events."""
        self._last_use = -WARM_S
        self._warming: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),  # the worker limits its sessions
            headers={"Authorization": f"Bearer {self.server.key}"} if self.server.key else {},
        )
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in tuple(self._warming):
            task.cancel()
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def final(self, pcm: bytes, prompt: str = "", *, timeout_s: float | None = None) -> Transcript:
        """Transcribe a piece. `prompt`: see `prompt_of`. A request that fails for a passing reason is repeated.

        Raises:
            RequestFailed: it failed every time, or for a lasting reason.
        """
        audio, timeout_s = wav(pcm), timeout_s or self.server.timeout_s
        for attempt in range(self.server.retries + 1):
            try:
                return await self._in_a_form_it_takes(audio, prompt, timeout_s)
            except RequestFailed as failure:
                wait_s = wait_before_retry(attempt, failure.wait_s, FIRST_BACKOFF_S)
                if not failure.retryable or wait_s is None or attempt == self.server.retries:
                    raise
                log.warning("%s; trying again in %.1f s", failure, wait_s)
                await self._sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    async def partial(self, pcm: bytes, prompt: str, on_text: Callable[[str], None]) -> str:
        """Transcribe the beginning of a piece, with one try. If the server sends the text in parts, `on_text` is called
        with each longer text.

        Raises:
            RequestFailed: it failed.
        """
        form, audio = FORMS[max(self._form, len(FORMS) - len(PLAIN))], wav(pcm)
        if self._streams:
            try:
                return (await self._ask(form, audio, prompt, self.server.timeout_s, on_text)).text
            except RequestFailed as failure:
                if failure.status not in REFUSED:
                    raise
        answer = await self._ask(form, audio, prompt, self.server.timeout_s)
        self._streams = False  # only now it is known that the events were the reason
        return answer.text

    async def models(self) -> Sequence[str] | None:
        """The names of the server's models; None if it has no list of them."""
        try:
            async with self._open_session().get(
                f"{self.server.base_url}/models", timeout=aiohttp.ClientTimeout(total=CONNECT_S)
            ) as answer:
                listed = (await answer.json(content_type=None))["data"]
                return [str(entry["id"]) for entry in listed]
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError, KeyError):
            return None

    def warm(self) -> asyncio.Task[None] | None:
        """Open a connection now if none was used for a while: a request for a final text should not wait for it.
        Returns the task that opens it; None if there is nothing to do.
        """
        now = asyncio.get_running_loop().time()
        if self._session is None or now - self._last_use < WARM_S:
            return None
        self._last_use = now
        task = asyncio.create_task(self._open_connection())
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)
        return task

    async def _open_connection(self) -> None:
        with suppress(aiohttp.ClientError, OSError, TimeoutError, RequestFailed):
            async with self._open_session().head(
                f"{self.server.base_url}/models", timeout=aiohttp.ClientTimeout(total=CONNECT_S)
            ):
                pass  # the connection stays open, whatever the answer is

    async def _in_a_form_it_takes(self, audio: bytes, prompt: str, timeout_s: float) -> Transcript:
        last = len(FORMS) - 1
        for number in range(self._form, last + 1):
            try:
                answer = await self._ask(FORMS[number], audio, prompt, timeout_s)
            except RequestFailed as failure:
                if failure.status not in REFUSED or number == last:
                    raise
            else:
                self._form = number
                return answer
        raise AssertionError("the last form returns or raises")

    async def _ask(
        self,
        form: Form,
        audio: bytes,
        prompt: str,
        timeout_s: float,
        on_text: Callable[[str], None] | None = None,
    ) -> Transcript:
        server, body = self.server, aiohttp.FormData()
        for name, value in server.question.fields(form, prompt, stream=on_text is not None).items():
            body.add_field(name, value)
        body.add_field("file", audio, filename="speech.wav", content_type="audio/wav")
        loop = asyncio.get_running_loop()
        self._last_use = loop.time()
        async with (
            self._errors(timeout_s),
            self._open_session().post(
                f"{server.base_url}/audio/transcriptions",
                data=body,
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S),
            ) as answer,
        ):
            if answer.status != 200:  # noqa: PLR2004 - OK
                raise await self._refusal(answer)
            transcript = await _read(answer, on_text)
            self._last_use = loop.time()
            return transcript

    async def _refusal(self, answer: aiohttp.ClientResponse) -> RequestFailed:
        body = (await answer.content.read(_ERROR_BYTES)).decode(errors="replace").strip()
        if self.server.key:
            body = body.replace(self.server.key, "***")
        return refusal(
            self.server.base_url, self.server.question.model, answer.status, body, retry_after_s(answer.headers)
        )

    @asynccontextmanager
    async def _errors(self, timeout_s: float) -> AsyncGenerator[None]:
        """Convert the errors of a request to `RequestFailed`."""
        base_url = self.server.base_url
        try:
            yield
        except BadAnswer as error:
            raise no_transcription(base_url, str(error)) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise unreachable(base_url, f"no connection within {CONNECT_S:g} s") from error
        except TimeoutError as error:
            raise too_slow(base_url, timeout_s) from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(base_url, f"{type(error).__name__}: {error}") from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RequestFailed("the openai engine was closed", retryable=True)
        return self._session


async def _read(answer: aiohttp.ClientResponse, on_text: Callable[[str], None] | None) -> Transcript:
    if answer.content_type == "text/event-stream":
        events = EventReader()
        async for raw in answer.content.iter_chunked(_READ_BYTES):
            if events.feed(raw) and on_text is not None:
                on_text(events.text)
            if events.is_done:
                break
        return events.transcript
    if answer.content_type == "text/html":
        raise BadAnswer("a web page")
    body = b""
    async for raw in answer.content.iter_chunked(_READ_BYTES):
        body += raw
        if len(body) > MAX_ANSWER_BYTES:
            raise BadAnswer("an answer that is too long")
    return read_text(body) if answer.content_type == "text/plain" else read_json(body)
