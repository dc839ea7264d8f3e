"""The queue runs final texts first, batches equal windows, and fails only the sessions of a batch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import numpy as np
import pytest

from tertulia_stt.engine import RecognitionFailed
from tertulia_stt.engines.whisper.model import Hypothesis, Request
from tertulia_stt.engines.whisper.request_queue import MAX_BATCH, RequestQueue


class GatedModel:
    """A model that answers with the number in the first sample. Its first batch waits until `go_on` is set."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started, self.go_on = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def transcribe(self, requests: Sequence[Request]) -> Sequence[Hypothesis]:
        self.batches.append([int(request.samples[0]) for request in requests])
        self.started.set()
        self.go_on.wait()
        if self.error is not None:
            raise self.error
        return [Hypothesis(str(int(request.samples[0])), 0.0, 0.0, "en") for request in requests]


def request(number: int, window_s: int = 10, hints: tuple[str, ...] = ()) -> Request:
    return Request(np.array([number], np.float32), "en", window_s, hints=hints)


@pytest.fixture
def model() -> GatedModel:
    return GatedModel()


@pytest.fixture
def requests(model: GatedModel) -> Iterator[RequestQueue]:
    queue = RequestQueue(1)
    yield queue
    model.go_on.set()
    queue.close()


def occupy(requests: RequestQueue, model: GatedModel) -> None:
    requests.submit(model, request(0), is_final=False)
    model.started.wait()


def test_final_text_is_made_before_waiting_partial_texts(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    partial = requests.submit(model, request(1), is_final=False)
    final = requests.submit(model, request(2), is_final=True)
    model.go_on.set()
    assert (partial.result().text, final.result().text) == ("1", "2")
    assert model.batches == [[0], [2], [1]]


def test_requests_with_equal_windows_run_in_one_batch(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    results = [requests.submit(model, request(n, 10 + n % 2), is_final=True) for n in range(1, 5)]
    model.go_on.set()
    assert [result.result().text for result in results] == ["1", "2", "3", "4"]
    assert model.batches == [[0], [1, 3], [2, 4]]


def test_requests_with_different_hints_run_apart(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    hints = [("Luna",), ("Ivy", "Luna"), ("Luna",)]
    results = [requests.submit(model, request(n, hints=words), is_final=True) for n, words in enumerate(hints, 1)]
    model.go_on.set()
    assert [result.result().text for result in results] == ["1", "2", "3"]
    assert model.batches == [[0], [1, 3], [2]]


def test_batch_has_a_maximum_size(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    results = [requests.submit(model, request(n), is_final=True) for n in range(1, MAX_BATCH + 2)]
    model.go_on.set()
    assert [result.result().text for result in results] == [str(n) for n in range(1, MAX_BATCH + 2)]
    assert [len(batch) for batch in model.batches] == [1, MAX_BATCH, 1]


def test_requests_for_another_model_run_apart(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    other = GatedModel()
    other.go_on.set()
    results = [requests.submit(one, request(1), is_final=True) for one in (model, other)]
    model.go_on.set()
    assert [result.result().text for result in results] == ["1", "1"]
    assert other.batches == [[1]]


def test_cancelled_request_is_not_run(requests: RequestQueue, model: GatedModel) -> None:
    occupy(requests, model)
    first = requests.submit(model, request(1), is_final=False)
    last = requests.submit(model, request(2), is_final=False)
    assert first.cancel()
    model.go_on.set()
    assert last.result().text == "2"
    assert model.batches == [[0], [2]]


def test_error_of_the_model_fails_the_request_and_not_the_next_one(requests: RequestQueue, model: GatedModel) -> None:
    model.error = MemoryError("no memory")
    model.go_on.set()
    with pytest.raises(RecognitionFailed, match="no memory"):
        requests.submit(model, request(1), is_final=True).result()
    model.error = None
    assert requests.submit(model, request(2), is_final=True).result().text == "2"


def test_closing_cancels_waiting_requests_and_refuses_new_ones(model: GatedModel) -> None:
    requests = RequestQueue(1)
    occupy(requests, model)
    waiting = requests.submit(model, request(1), is_final=True)
    model.go_on.set()
    requests.close()
    if not waiting.cancelled():
        assert waiting.result().text == "1"  # it ran before the queue was closed
    else:
        with pytest.raises(CancelledError):
            waiting.result()
    with pytest.raises(RecognitionFailed, match="closed"):
        requests.submit(model, request(2), is_final=True).result()
    assert not [thread for thread in threading.enumerate() if thread.name == "stt-model"]
