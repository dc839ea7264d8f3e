"""A queue that passes PCM from a thread to an event loop."""

from __future__ import annotations

import asyncio
from threading import Lock

from tertulia_tts.engine import EngineError, SynthesisFailed


class PCMQueue:
    """A queue with one producer in a thread and one consumer on an event loop.

    It is unbounded, so that the producer never waits: other syntheses are waiting for its thread. The engine limits the
    amount of PCM by limiting the length of the text that it synthesizes at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = asyncio.Event()
        self._lock = Lock()
        self._made: list[bytes] = []
        self._finished = False
        self._stopped = False
        self._error: EngineError | None = None

    @property
    def stopped(self) -> bool:
        """True if the consumer has stopped."""
        return self._stopped

    def offer(self, pcm: bytes) -> bool:
        """Add a piece of PCM. Called on the thread. Returns False if the consumer has stopped."""
        if self._stopped:
            return False
        if pcm:
            with self._lock:
                asleep = not self._made
                self._made.append(pcm)
            if asleep:
                self._wake_from_thread()
        return True

    def finish(self, error: BaseException | None = None) -> None:
        """Mark the end of the PCM. Called on the thread. `error`: why the synthesis failed, if it failed."""
        if error is not None and not isinstance(error, EngineError):
            failure = SynthesisFailed(f"synthesis failed: {type(error).__name__}: {error}", retryable=False)
            failure.__cause__ = error
            error = failure
        with self._lock:
            self._finished = True
            self._error = self._error or error
        self._wake_from_thread()

    def stop(self, error: EngineError | None = None) -> None:
        """Tell the producer to stop. Called on the loop. A waiting consumer gets `error`."""
        self._stopped = True
        with self._lock:
            self._error = self._error or error
            self._finished = True
            self._made.clear()
        self._changed.set()

    async def take(self) -> bytes | None:
        """Wait for PCM. Called on the loop. Returns all PCM that was added since the last call; `None` after the end.

        Raises:
            EngineError: the error that `finish` or `stop` got.
        """
        while True:
            self._changed.clear()
            with self._lock:
                made, self._made = self._made, []
                finished, error = self._finished, self._error
            if made:
                return made[0] if len(made) == 1 else b"".join(made)
            if error is not None:
                raise error
            if finished:
                return None
            await self._changed.wait()

    def _wake_from_thread(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._changed.set)
        except RuntimeError:  # the loop is closed, so no consumer is left
            self._stopped = True
