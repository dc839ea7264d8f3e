"""Lets the thread of a session use the client, which runs on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from tertulia_stt.engines.openai.answer import Transcript
from tertulia_stt.engines.openai.client import TranscriptionClient
from tertulia_stt.engines.openai.failures import RequestFailed

T = TypeVar("T")


class LoopRequests:
    """The requests of one session. `cancel` ends them, so that the session's thread never waits for a slow server when
    the session is closed.
    """

    def __init__(self, client: TranscriptionClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self._lock = threading.Lock()
        self._running: set[Future[Any]] = set()
        self._is_cancelled = False

    def final(self, pcm: bytes, prompt: str) -> Transcript:
        """Wait for the transcript of a piece.

        Raises:
            RequestFailed: the request failed, or was cancelled.
        """
        try:
            return self._submit(self._client.final(pcm, prompt)).result()
        except CancelledError:
            raise RequestFailed("the session was closed", retryable=True) from None

    def partial(self, pcm: bytes, prompt: str, on_text: Callable[[str], None]) -> Future[str]:
        """Start a request for a partial text. `on_text` is called on the event loop."""
        return self._submit(self._client.partial(pcm, prompt, on_text))

    def warm(self) -> None:
        """See `TranscriptionClient.warm`."""
        self._loop.call_soon_threadsafe(self._client.warm)

    def cancel(self) -> None:
        """End all requests, and refuse new ones. Thread-safe."""
        with self._lock:
            self._is_cancelled = True
            running = tuple(self._running)
        for future in running:
            future.cancel()

    def _submit(self, request: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._is_cancelled:
                request.close()
                raise RequestFailed("the session was closed", retryable=True)
            future = asyncio.run_coroutine_threadsafe(request, self._loop)
            self._running.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)
