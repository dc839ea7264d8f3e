"""PCM from a thread that makes it to the event loop that wants it."""

from __future__ import annotations

import asyncio
from threading import Lock

from tertulia_tts.engine import EngineError, SynthesisFailed


class PCMQueue:
    """One maker in a thread, one taker on a loop.

    What was made and not yet taken is held here without a bound of its own: the maker waits for
    nobody, as others queue behind it. So whoever starts a maker bounds what it can make.
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
        """Whether nobody wants any more of it."""
        return self._stopped

    def offer(self, pcm: bytes) -> bool:
        """Thread: hand over a piece; false means that no more is wanted."""
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
        """Thread: all was made, or making it failed."""
        if error is not None and not isinstance(error, EngineError):
            failure = SynthesisFailed(f"synthesis failed: {type(error).__name__}: {error}", retryable=False)
            failure.__cause__ = error
            error = failure
        with self._lock:
            self._finished = True
            self._error = self._error or error
        self._wake_from_thread()

    def stop(self, error: EngineError | None = None) -> None:
        """Loop: no more is wanted; a taker that still waits gets ``error``."""
        self._stopped = True
        with self._lock:
            self._error = self._error or error
            self._finished = True
            self._made.clear()
        self._changed.set()

    async def take(self) -> bytes | None:
        """Loop: everything made since the last call, at least one sample; ``None`` after the end.

        Raises:
            EngineError: what the maker or ``stop`` ended it with.
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
        except RuntimeError:  # the loop was closed under the maker: the taker is gone for good
            self._stopped = True
