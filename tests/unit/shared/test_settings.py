from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from tertulia_shared.settings import PREFIX, CommonSettings, load


class Settings(CommonSettings):
    port: int = Field(8080, ge=1, le=65535)
    api_key: str = Field("", max_length=5)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings from outside, and an empty working directory."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_has_a_default() -> None:
    settings = load(Settings)
    assert settings.redis_url.startswith("redis://")
    assert settings.namespace == "tertulia"
    assert settings.lease_s > 0


def test_the_environment_wins_over_the_file(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare_environment / ".env").write_text("TERTULIA_PORT=1\nTERTULIA_NAMESPACE=file\nOTHER=x\nTERTULIA_UNKNOWN=y\n")
    monkeypatch.setenv("TERTULIA_PORT", "2")
    settings = load(Settings)
    assert (settings.port, settings.namespace) == (2, "file")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(Settings).namespace = "other"  # pyright: ignore[reportAttributeAccessIssue] - that is the point


@pytest.mark.parametrize(
    "url", ["redis://h:1/0", "rediss://:p@h:1/0", "unix:///tmp/redis.sock?db=1", "redis://127.0.0.1"]
)
def test_redis_urls_of_all_kinds_are_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_REDIS_URL", url)
    assert load(Settings).redis_url == url


def test_all_mistakes_are_told_at_once_and_no_value_is_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "REDIS_URL": "http://user:hunter2@host", "NAMESPACE": "a b{}", "LEASE_S": "0.1", "PORT": "many",
        "API_KEY": "sk-secret-secret", "MAX_ATTEMPTS": "0", "LOG_LEVEL": "LOUD",
    }  # fmt: skip
    for name, value in wrong.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SystemExit) as exit_:
        load(Settings)
    told = capsys.readouterr().err
    assert exit_.value.code == 2
    for name, value in wrong.items():
        assert f"  {PREFIX}{name}: " in told
        assert len(value) < 4 or value not in told
    assert "hunter2" not in told
    assert "redis://" in told
    assert ".env" in told
