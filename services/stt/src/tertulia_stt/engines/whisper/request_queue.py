"""Runs the requests of all sessions on the models, in threads of its own.

Final texts come before partial texts, because users wait for them. Requests of the same model with windows of the same
length and the same search run as one batch, which costs little more than one request while the text is written.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from tertulia_stt.engine import RecognitionFailed
from tertulia_stt.engines.whisper.model import Hypothesis, Request

MAX_BATCH: Final = 4
"""Larger batches make the first session wait longer, and gain little."""


class Model(Protocol):
    """Transcribes batches. Threads may share it."""

    def transcribe(self, requests: Sequence[Request]) -> Sequence[Hypothesis]: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    model: Model
    request: Request
    result: Future[Hypothesis] = field(default_factory=Future[Hypothesis])

    def fits(self, other: _Job) -> bool:
        return self.model is other.model and self.request.fits(other.request)


class RequestQueue:
    """The requests that wait. `workers`: the number of batches that run at once."""

    def __init__(self, workers: int) -> None:
        self._finals: list[_Job] = []
        self._partials: list[_Job] = []
        self._is_closed = False
        self._changed = threading.Condition()
        # Daemon threads, so that the process can exit without waiting for a batch.
        self._threads = [threading.Thread(target=self._run, name="stt-model", daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, model: Model, request: Request, *, is_final: bool) -> Future[Hypothesis]:
        """Queue a request. Its result may be cancelled as long as it waits.

        The result's exception is `RecognitionFailed` if the model fails or the queue is closed.
        """
        job = _Job(model, request)
        with self._changed:
            if self._is_closed:
                job.result.set_exception(RecognitionFailed("the recognizer is closed; open another session"))
                return job.result
            (self._finals if is_final else self._partials).append(job)
            self._changed.notify()
        return job.result

    def close(self) -> None:
        """Cancel the requests that wait, and return when the running ones have ended."""
        with self._changed:
            self._is_closed = True
            waiting = [*self._finals, *self._partials]
            self._finals.clear()
            self._partials.clear()
            self._changed.notify_all()
        for job in waiting:
            job.result.cancel()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while batch := self._next():
            started = [job for job in batch if job.result.set_running_or_notify_cancel()]
            if started:
                _transcribe(started)

    def _next(self) -> list[_Job]:
        """The next batch; empty if the queue is closed."""
        with self._changed:
            while not (self._finals or self._partials or self._is_closed):
                self._changed.wait()
            jobs = self._finals or self._partials
            batch = [job for job in jobs if job.fits(jobs[0])][:MAX_BATCH]
            for job in batch:
                jobs.remove(job)
            return batch


def _transcribe(batch: Sequence[_Job]) -> None:
    try:
        results = batch[0].model.transcribe([job.request for job in batch])
    except Exception as error:  # noqa: BLE001 - an error of the model fails the sessions of this batch
        failure = RecognitionFailed(f"Whisper failed: {error}")
        failure.__cause__ = error
        for job in batch:
            job.result.set_exception(failure)
        return
    for job, result in zip(batch, results, strict=True):
        job.result.set_result(result)
