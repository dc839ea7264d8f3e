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
    """Remove all settings from the environment, and change to an empty directory."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_setting_has_a_default() -> None:
    settings = load(Settings)
    assert settings.redis_url.startswith("redis://")
    assert settings.namespace == "tertulia"
    assert settings.lease_s > 0


def test_environment_takes_precedence_over_the_env_file(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare_environment / ".env").write_text("TERTULIA_PORT=1\nTERTULIA_NAMESPACE=file\nOTHER=x\nTERTULIA_UNKNOWN=y\n")
    monkeypatch.setenv("TERTULIA_PORT", "2")
    settings = load(Settings)
    assert (settings.port, settings.namespace) == (2, "file")


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(Settings).namespace = "other"  # pyright: ignore[reportAttributeAccessIssue] - that is the point


@pytest.mark.parametrize(
    "url", ["redis://h:1/0", "rediss://:p@h:1/0", "unix:///tmp/redis.sock?db=1", "redis://127.0.0.1"]
)
def test_all_kinds_of_redis_urls_are_accepted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_REDIS_URL", url)
    assert load(Settings).redis_url == url


def test_all_wrong_settings_are_reported_at_once_without_values(
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
    report = capsys.readouterr().err
    assert exit_.value.code == 2
    for name, value in wrong.items():
        assert f"  {PREFIX}{name}: " in report
        assert len(value) < 4 or value not in report
    assert "hunter2" not in report
    assert "redis://" in report
    assert ".env" in report


@pytest.fixture
def secrets(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty secrets folder."""
    folder = bare_environment / "secrets"
    folder.mkdir()
    monkeypatch.setenv("TERTULIA_SECRETS_DIR", str(folder))
    return folder


def test_setting_is_read_from_the_secret_file_of_its_name(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "TERTULIA_REDIS_URL").write_text("redis://tts:password@redis:6379/0\n")
    (secrets / "TERTULIA_PORT").write_text("1")
    (secrets / "SUPABASE_KEY").write_text("key")
    monkeypatch.setenv("TERTULIA_PORT", "2")
    settings = load(Settings)
    assert settings.redis_url == "redis://tts:password@redis:6379/0"
    assert settings.supabase_key.get_secret_value() == "key"
    assert settings.port == 2  # the environment takes precedence


def test_env_file_may_set_the_secrets_folder(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bare_environment / "elsewhere"
    folder.mkdir()
    (folder / "TERTULIA_PORT").write_text("3")
    (bare_environment / ".env").write_text("TERTULIA_SECRETS_DIR=elsewhere\n")
    assert load(Settings).port == 3


def test_empty_environment_variable_counts_as_unset(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "TERTULIA_REDIS_URL").write_text("redis://from-the-file")
    for name in ("TERTULIA_REDIS_URL", "TERTULIA_PORT", "TERTULIA_REDIS_CA"):
        monkeypatch.setenv(name, "")
    settings = load(Settings)
    assert (settings.redis_url, settings.port, settings.redis_tls) == ("redis://from-the-file", 8080, None)


def test_missing_secrets_folder_is_reported_only_if_it_was_set(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tertulia_shared.settings.SECRETS_DIR", bare_environment / "none")
    assert load(Settings).port == 8080
    monkeypatch.setenv("TERTULIA_SECRETS_DIR", str(bare_environment / "other"))
    with pytest.raises(SystemExit):
        load(Settings)
    assert f"TERTULIA_SECRETS_DIR: there is no folder {bare_environment / 'other'}" in capsys.readouterr().err


def test_binary_secret_is_reported_without_its_bytes(secrets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (secrets / "TERTULIA_PORT").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit):
        load(Settings)
    assert f"a file in {secrets} is not text" in capsys.readouterr().err


def test_tls_settings_name_the_files_of_authority_certificate_and_key(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ca", "cert", "key"):
        (bare_environment / name).touch()
        monkeypatch.setenv(f"TERTULIA_REDIS_{name.upper()}", str(bare_environment / name))
    monkeypatch.setenv("TERTULIA_REDIS_URL", "rediss://h:6380")
    tls = load(Settings).redis_tls
    assert tls is not None
    assert (tls.ca, tls.cert, tls.key) == tuple(bare_environment / name for name in ("ca", "cert", "key"))


@pytest.mark.parametrize(
    ("url", "names", "report"),
    [
        ("rediss://h", ["CERT"], "belong together"),
        ("rediss://h", ["KEY", "CA"], "belong together"),
        ("redis://h", ["CA"], "begins with rediss://"),
        ("rediss://h", ["CA:gone"], "TERTULIA_REDIS_CA: no such file"),
    ],
    ids=["a certificate without its key", "a key without its certificate", "without TLS", "a file that is not there"],
)
def test_contradicting_tls_settings_are_reported(
    bare_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    url: str,
    names: list[str],
    report: str,
) -> None:
    monkeypatch.setenv("TERTULIA_REDIS_URL", url)
    for name, _, gone in (each.partition(":") for each in names):
        path = bare_environment / name
        if not gone:
            path.touch()
        monkeypatch.setenv(f"TERTULIA_REDIS_{name}", str(path))
    with pytest.raises(SystemExit):
        load(Settings)
    assert report in capsys.readouterr().err
