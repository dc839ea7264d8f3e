"""Prometheus accepts the alert rules, and they fire when they should and only then."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "observability"
PROMTOOL = shutil.which("promtool")

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: install Debian's package prometheus")

SCENES = f"""
rule_files: [{FOLDER / "alerts.yml"}]
evaluation_interval: 5s
tests:
  - name: a stage without a worker
    interval: 5s
    input_series:
      - {{ series: 'tertulia_workers{{stage="tts"}}', values: '1 0x20' }}
      - {{ series: 'tertulia_workers{{stage="llm"}}', values: '1x21' }}
      - {{ series: 'tertulia_redis_writes_paused', values: '0x21' }}
    alert_rule_test:
      - {{ eval_time: 25s, alertname: StageDown, exp_alerts: [] }}
      - eval_time: 60s
        alertname: StageDown
        exp_alerts:
          - exp_labels: {{ stage: tts, severity: page }}
            exp_annotations:
              summary: no tts worker is running
              runbook: docs/runbooks/no-worker.md
  - name: the only gateway stops, and one of two
    interval: 5s
    input_series:
      - {{ series: 'up{{job="tertulia", service="gateway", instance="a"}}', values: '1x11 stale' }}
      - {{ series: 'up{{job="tertulia", service="gateway", instance="b"}}', values: '1x35 stale' }}
      - {{ series: 'up{{job="tertulia", service="tts", instance="c"}}', values: '1x60' }}
    alert_rule_test:
      - {{ eval_time: 2m, alertname: GatewayAway, exp_alerts: [] }}
      - eval_time: 4m
        alertname: GatewayAway
        exp_alerts:
          - exp_labels: {{ severity: page }}
            exp_annotations:
              summary: no gateway answers Prometheus
              runbook: docs/runbooks/no-worker.md
  - name: Redis refuses writes, heartbeats included
    interval: 5s
    input_series:
      - {{ series: 'tertulia_workers{{stage="tts"}}', values: '0x20' }}
      - {{ series: 'tertulia_redis_writes_paused', values: '1x20' }}
      - {{ series: 'tertulia_redis_used_bytes', values: '95x60' }}
      - {{ series: 'tertulia_redis_limit_bytes', values: '100x60' }}
    alert_rule_test:
      - {{ eval_time: 60s, alertname: StageDown, exp_alerts: [] }}
      - eval_time: 60s
        alertname: RedisTakesNoWrites
        exp_alerts:
          - exp_labels: {{ severity: page }}
            exp_annotations:
              summary: "Redis refuses writes: no conversation can continue"
              runbook: docs/runbooks/redis-full.md
      - eval_time: 3m
        alertname: RedisNearlyFull
        exp_alerts:
          - exp_labels: {{ severity: look }}
            exp_annotations: {{ summary: Redis uses 95% of its memory, runbook: docs/runbooks/redis-full.md }}
  - name: replies without sound, by their share of the turns
    interval: 15s
    input_series:
      - {{ series: 'tertulia_turns_total{{source="typed"}}', values: '0+1x100' }}
      - {{ series: 'tertulia_replies_without_sound_total{{cause="silent"}}', values: '0x20 0+0.2x80' }}
    alert_rule_test:
      - {{ eval_time: 5m, alertname: RepliesWithoutSound, exp_alerts: [] }}
      - eval_time: 24m
        alertname: RepliesWithoutSound
        exp_alerts:
          - exp_labels: {{ severity: look }}
            exp_annotations:
              summary: 20% of the turns have a reply without sound
              runbook: docs/runbooks/no-sound.md
  - name: a Redis without a limit is never nearly full
    interval: 5s
    input_series:
      - {{ series: 'tertulia_redis_used_bytes', values: '95x60' }}
      - {{ series: 'tertulia_redis_limit_bytes', values: '0x60' }}
    alert_rule_test:
      - {{ eval_time: 4m, alertname: RedisNearlyFull, exp_alerts: [] }}
"""


def run_promtool(*words: str) -> str:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_accepts_its_configuration_and_the_rules() -> None:
    assert "SUCCESS" in run_promtool("check", "config", str(FOLDER / "prometheus.yml"))


def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    file = tmp_path / "scenes.yml"
    file.write_text(SCENES, encoding="utf-8")
    assert "SUCCESS" in run_promtool("test", "rules", str(file))
