"""Spans of turns: their ids, their form as OTLP, and what becomes of them without a collector."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tertulia_shared.settings import CommonSettings
from tertulia_shared.tracing import NO_SPAN, OFF, Recorder, Span, root_of
from tertulia_shared.tracing.exporter import exporting
from tertulia_shared.tracing.otlp import encode
from tertulia_shared.tracing.tracer import MAX_EVENTS
from tests.harness.settings_of import settings_of

TURN = "12345678-1234-4234-8234-123456789abc"


class Recorded:
    """Records spans on a clock that the test sets."""

    def __init__(self) -> None:
        self.now_ns = 1_000
        self.spans: list[Span] = []
        self.tracer = Recorder(self.spans.append, lambda: self.now_ns)


def test_every_process_gives_the_spans_of_a_turn_the_same_trace_and_root() -> None:
    here, there = Recorded(), Recorded()
    here.tracer.start("turn", TURN, parent="", id=root_of(TURN)).end()
    there.tracer.start("answer", TURN).end()
    root, child = here.spans[0], there.spans[0]
    assert root.trace_id == child.trace_id == TURN.replace("-", "")
    assert (root.span_id, root.parent_id) == (child.parent_id, "")
    assert root.span_id != child.span_id


def test_span_is_exported_once_with_its_times_and_events() -> None:
    recorded = Recorded()
    span = recorded.tracer.start("answer", TURN)
    recorded.now_ns = 2_000
    for _ in range(MAX_EVENTS + 5):
        span.event("first token")
    recorded.now_ns = 3_000
    span.end(result="complete")
    span.end(failed=True, result="late")
    (seen,) = recorded.spans
    assert (seen.start_ns, seen.end_ns, seen.has_failed, seen.attributes) == (
        1_000,
        3_000,
        False,
        {"result": "complete"},
    )
    assert seen.events == [("first token", 2_000)] * MAX_EVENTS


@pytest.mark.parametrize("turn_id", ["", "turn", TURN.upper()])
def test_turn_without_a_valid_id_has_no_spans(turn_id: str) -> None:
    recorded = Recorded()
    assert recorded.tracer.start("answer", turn_id) is NO_SPAN
    assert OFF.start("answer", TURN) is NO_SPAN


def test_spans_are_encoded_as_otlp_expects_them() -> None:
    recorded = Recorded()
    span = recorded.tracer.start("speak", TURN)
    span.event("first sound")
    span.end(failed=True, engine="espeak", sentences=2, audio_s=0.5, last=True)
    (group,) = json.loads(encode({"service.name": "tertulia-tts"}, "1.0", recorded.spans))["resourceSpans"]
    assert group["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "tertulia-tts"}}]
    (scope,) = group["scopeSpans"]
    sent: dict[str, Any] = scope["spans"][0]
    assert sent | {"spanId": ""} == {
        "traceId": TURN.replace("-", ""), "spanId": "", "parentSpanId": root_of(TURN), "name": "speak", "kind": 1,
        "startTimeUnixNano": "1000", "endTimeUnixNano": "1000", "status": {"code": 2},
        "events": [{"name": "first sound", "timeUnixNano": "1000"}],
        "attributes": [
            {"key": "engine", "value": {"stringValue": "espeak"}},
            {"key": "sentences", "value": {"intValue": "2"}},
            {"key": "audio_s", "value": {"doubleValue": 0.5}},
            {"key": "last", "value": {"boolValue": True}},
        ],
    }  # fmt: skip
    assert (len(sent["traceId"]), len(sent["spanId"]), len(sent["parentSpanId"])) == (32, 16, 16)


def test_spans_without_a_collector_are_counted_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    counted: list[tuple[str, int]] = []
    with exporting("llm", "http://127.0.0.1:9", lambda result, spans: counted.append((result, spans))) as tracer:
        tracer.start("answer", TURN).end()
    assert counted == [("lost", 1)]
    assert "TERTULIA_OTLP_ENDPOINT" in caplog.text


def test_exporter_is_not_imported_without_the_setting() -> None:
    code = "import sys, tertulia_shared.process; sys.exit('tertulia_shared.tracing.exporter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("address", ["127.0.0.1:4318", "grpc://localhost:4317", "http://"])
def test_address_of_a_collector_must_be_http(address: str) -> None:
    with pytest.raises(ValueError, match="must look like http://127"):
        settings_of(CommonSettings, otlp_endpoint=address)
