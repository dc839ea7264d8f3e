"""One trace for each turn, across all processes, for OpenTelemetry ([ADR 24](docs/adr/0024-tracing.md)).

This package imports neither threads nor HTTP: `process` loads `exporter` if the setting asks for traces.
"""

from tertulia_shared.tracing.tracer import NO_SPAN, OFF, Recorder, Span, SpanHandle, Tracer, root_of

__all__ = ["NO_SPAN", "OFF", "Recorder", "Span", "SpanHandle", "Tracer", "root_of"]
