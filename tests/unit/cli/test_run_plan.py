"""The processes of `tertulia run` and their environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.run import plan
from tertulia_cli.settings import RunSettings
from tests.harness.settings_of import settings_of


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunSettings:
    monkeypatch.chdir(tmp_path)  # a folder without .env
    for name in ("OPENROUTER_API_KEY", "TERTULIA_LLM_BASE_URL", "TERTULIA_DRAIN_S", "TERTULIA_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return settings_of(RunSettings, data_dir=tmp_path)


def test_run_starts_one_worker_per_stage_by_default() -> None:
    assert plan.parse_workers("") == {"stt": 1, "llm": 1, "tts": 1}
    assert plan.parse_workers("tts=2, llm=3") == {"stt": 1, "llm": 3, "tts": 2}


@pytest.mark.parametrize("asked", ["tts", "tts=", "tts=0", "tts=-1", "tts=x", "gateway=2", "tts=65", "tts=2;llm=2"])
def test_wrong_worker_counts_are_refused_with_advice(asked: str) -> None:
    with pytest.raises(Failure, match="--workers tts=2,llm=2") as failure:
        plan.parse_workers(asked)
    assert failure.value.code == MISUSED


def test_run_gives_the_workers_of_a_stage_different_names(settings: RunSettings) -> None:
    made = plan.workers(settings, plan.parse_workers("tts=2"), {})
    assert [(worker.stage, worker.spec.name) for worker in made] == [
        ("stt", "stt"),
        ("llm", "llm"),
        ("tts", "tts"),
        ("tts", "tts-2"),
    ]
    assert list(made[-1].spec.command[1:]) == ["-m", "tertulia_tts.main"]


def test_services_get_addresses_and_folders_in_their_environment(settings: RunSettings) -> None:
    env = plan.environment(settings, {"PATH": "/bin"}, "unix:///x.sock?db=0")
    assert env["PATH"] == "/bin"
    assert env["TERTULIA_REDIS_URL"] == "unix:///x.sock?db=0"
    assert env["TERTULIA_DATA_DIR"] == str(settings.data_dir)
    assert env["TERTULIA_PORT"] == "8000"


def test_configured_model_server_disables_the_demo(settings: RunSettings) -> None:
    assert not settings.model_copy(update={"llm_base_url": "http://127.0.0.1:11434/v1"}).demo


def test_model_key_disables_the_demo(monkeypatch: pytest.MonkeyPatch, settings: RunSettings) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test")
    assert settings.demo
    assert not settings_of(RunSettings).demo


def test_run_shortens_the_drain_time_unless_it_is_set(monkeypatch: pytest.MonkeyPatch, settings: RunSettings) -> None:
    assert plan.drain_s(settings) == plan.DRAIN_S
    monkeypatch.setenv("TERTULIA_DRAIN_S", "30")
    assert plan.drain_s(settings_of(RunSettings)) == 30
    assert plan.gateway(settings_of(RunSettings), {}).grace_s == 30 + plan.GRACE_S


def test_run_starts_no_redis_if_one_is_configured(monkeypatch: pytest.MonkeyPatch, settings: RunSettings) -> None:
    assert settings.own_redis
    monkeypatch.setenv("TERTULIA_REDIS_URL", "redis://127.0.0.1:6379/0")
    assert not settings_of(RunSettings).own_redis


def test_run_serves_no_metrics_without_a_port(settings: RunSettings) -> None:
    assert plan.metrics_ports(settings, plan.parse_workers("")) == {}
    spec = plan.gateway(settings, {})
    assert plan.with_metrics(spec, {}) is spec


def test_metrics_ports_are_consecutive_in_start_order(settings: RunSettings) -> None:
    settings = settings.model_copy(update={"metrics_port": 9100})
    counts = plan.parse_workers("tts=2")
    ports = plan.metrics_ports(settings, counts)
    assert ports == {"gateway": 9100, "stt": 9101, "llm": 9102, "tts": 9103, "tts-2": 9104}
    env = {"TERTULIA_METRICS_PORT": "9100", "PATH": "/bin"}
    specs = [plan.gateway(settings, env), *(worker.spec for worker in plan.workers(settings, counts, env))]
    assert {spec.name: spec.environment["TERTULIA_METRICS_PORT"] for spec in specs} == dict.fromkeys(ports, "9100")
    own = {spec.name: plan.with_metrics(spec, ports).environment for spec in specs}
    assert {name: int(each["TERTULIA_METRICS_PORT"]) for name, each in own.items()} == ports
    assert {each["PATH"] for each in own.values()} == {"/bin"}


def test_metrics_ports_above_65535_are_refused_with_advice(settings: RunSettings) -> None:
    counts = plan.parse_workers("")
    plan.metrics_ports(settings.model_copy(update={"metrics_port": 65532}), counts)
    with pytest.raises(Failure, match="it can be 65532 at most") as failure:
        plan.metrics_ports(settings.model_copy(update={"metrics_port": 65533}), counts)
    assert failure.value.code == MISUSED


@pytest.mark.parametrize(
    ("host", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]")]
)
def test_gateway_on_a_wildcard_address_is_reached_over_loopback(settings: RunSettings, host: str, reached: str) -> None:
    assert settings.model_copy(update={"host": host}).reachable_host == reached
