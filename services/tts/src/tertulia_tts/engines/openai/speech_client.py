"""One request to the speech server: its sound, or the reason why there is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tertulia_shared.retry_after import retry_after_s
from tertulia_tts.engine import SynthesisFailed
from tertulia_tts.engines.openai.cloning import Clip
from tertulia_tts.engines.openai.pcm_decoder import NotPCM, PCMDecoder

SENTENCE_GAP_MS = 200
"""Silence after a sentence. It replaces the silence that the server sends."""

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Maximum length of a response: longer than the speech of any text (23 minutes at 24 kHz)."""

CONNECT_S = 5.0
READ_BYTES = 16 * 1024
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_ERROR_BYTES = 300


class SpeechRefused(SynthesisFailed):
    """The server answered with the HTTP status `status`; it asks for a wait of `wait_s` seconds, if not None."""

    def __init__(self, message: str, *, retryable: bool, status: int, wait_s: float | None) -> None:
        super().__init__(message, retryable=retryable)
        self.status = status
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """The server's address and parameters.

    `timeout_s` is the maximum wait for each piece of sound. `is_repeatable`: the same request always gives the same
    sound. `clips` has the voices to clone; without clips, `voices` has the server's voices. `uploads`: the server gets
    the clips once, else with each request.
    """

    base_url: str
    key: str
    model: str
    voices: Mapping[str, str]
    sample_rate: int = 24_000
    timeout_s: float = 20.0
    retries: int = 2
    is_repeatable: bool = False
    clips: Sequence[Clip] = ()
    uploads: bool = True


async def ask(
    session: aiohttp.ClientSession, server: SpeechServer, body: Mapping[str, Any]
) -> AsyncGenerator[bytes, None]:
    """Request speech, and yield it as 24 kHz PCM as it arrives.

    Raises:
        SynthesisFailed: while iterating; `SpeechRefused` if the server answered with an error.
    """
    pcm_decoder = PCMDecoder(server.sample_rate, SENTENCE_GAP_MS)
    received = 0
    with _server_errors(server, session):
        async with session.post(f"{server.base_url}/audio/speech", json=body) as answer:
            await _check(answer, server)
            async for raw in answer.content.iter_chunked(READ_BYTES):
                received += len(raw)
                if received > MAX_RESPONSE_BYTES:
                    raise SynthesisFailed("the speech server sends more audio than any text needs", retryable=False)
                if pcm := pcm_decoder.feed(raw):
                    yield pcm
            if pcm := pcm_decoder.finish():
                yield pcm


@contextmanager
def _server_errors(server: SpeechServer, session: aiohttp.ClientSession) -> Generator[None]:
    """Convert the errors of a request to `SynthesisFailed`."""
    try:
        yield
    except NotPCM as error:
        raise SynthesisFailed(f"the speech server {server.base_url} sends {error}", retryable=False) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise SynthesisFailed(
            f"the speech server {server.base_url} cannot be reached (no connection within {CONNECT_S:g} s)",
            retryable=True,
        ) from error
    except TimeoutError as error:
        raise SynthesisFailed(
            f"the speech server {server.base_url} was silent for {server.timeout_s:g} s", retryable=True
        ) from error
    except RuntimeError as error:  # aiohttp raises this error if the session is closed during a request
        if not session.closed:
            raise
        raise SynthesisFailed("the openai engine was closed", retryable=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise SynthesisFailed(
            f"the speech server {server.base_url} cannot be reached ({type(error).__name__}: {error})",
            retryable=True,
        ) from error


async def _check(answer: aiohttp.ClientResponse, server: SpeechServer) -> None:
    """Raise `SynthesisFailed`, with the server's reason, if the server refuses the request."""
    kind = answer.content_type
    if answer.status == 200:  # noqa: PLR2004 - OK
        if kind in ("application/json", "text/event-stream") or kind.startswith("text/"):
            raise SynthesisFailed(f"the speech server {server.base_url} answers {kind} instead of PCM", retryable=False)
        return
    body = (await answer.content.read(_ERROR_BYTES)).decode(errors="replace").strip()
    if server.key:
        body = body.replace(server.key, "***")
    reasons = {
        401: "refuses the key (TERTULIA_TTS_OPENAI_KEY)",
        403: "refuses the key (TERTULIA_TTS_OPENAI_KEY)",
        404: f"knows no /audio/speech, or no model {server.model!r}",
    }
    reason = reasons.get(answer.status, "refuses")
    raise SpeechRefused(
        f"the speech server {server.base_url} {reason}: HTTP {answer.status}: {body}",
        retryable=answer.status in RETRIED,
        status=answer.status,
        wait_s=retry_after_s(answer.headers),
    )
