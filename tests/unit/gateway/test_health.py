"""Which workers are alive, according to their heartbeats."""

from __future__ import annotations

from tertulia_gateway.monitoring.health import Health, engines_of


def test_live_workers_are_grouped_by_stage() -> None:
    members = ["tts:host-1-ab:espeak", "llm:host-2-cd:openai", "tts:host-3-ef:espeak", "bench:x:y", "nonsense"]
    assert engines_of(members) == {"stt": [], "llm": ["openai"], "tts": ["espeak", "espeak"]}


def test_stage_without_a_live_worker_is_reported_as_missing() -> None:
    assert Health(1.0, engines_of(["tts:a:b", "llm:a:b"])).missing == ["stt"]
    assert Health(1.0, engines_of(["tts:a:b", "llm:a:b", "stt:a:b"])).missing == []
    assert Health(None, {}).missing == ["redis"]
