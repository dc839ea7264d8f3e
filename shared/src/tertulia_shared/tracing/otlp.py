"""Encodes spans as OTLP over HTTP takes them: the JSON form of ExportTraceServiceRequest (OpenTelemetry protocol 1.3).

Pure. The JSON form needs no generated code, and every collector accepts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from tertulia_shared.tracing.tracer import Attribute, Span

PATH: Final = "/v1/traces"
INTERNAL, SERVER = 1, 2
"""The kinds of spans."""
FAILED: Final = 2
"""The status of a failed span."""


def encode(resource: Mapping[str, Attribute], version: str, spans: Sequence[Span]) -> bytes:
    """The body of a request. `resource`: the attributes of this process. `version`: Tertulia's."""
    return orjson.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _attributes(resource)},
                    "scopeSpans": [
                        {"scope": {"name": "tertulia", "version": version}, "spans": [_span(span) for span in spans]}
                    ],
                }
            ]
        }
    )


def _span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "name": span.name,
        "kind": INTERNAL if span.parent_id else SERVER,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(max(span.start_ns, span.end_ns)),
        "attributes": _attributes(span.attributes),
        "events": [{"name": name, "timeUnixNano": str(at_ns)} for name, at_ns in span.events],
        "status": {"code": FAILED} if span.has_failed else {},
    }


def _attributes(values: Mapping[str, Attribute]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Attribute) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
