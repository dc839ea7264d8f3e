"""The secrets of a local Supabase-compatible database."""

from __future__ import annotations

import os
from pathlib import Path

import jwt
import pytest

from tertulia_cli import supabase_keys as keys
from tertulia_cli.access.files import Readers
from tertulia_cli.exit_codes import OK, Failure


@pytest.fixture(autouse=True)
def own_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip chown, which needs root."""
    monkeypatch.setattr(keys, "OURS", Readers(os.getgid()))
    monkeypatch.setattr(keys, "POSTGRES", Readers(os.getgid()))


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_supabase_secrets_are_made_once_and_match_each_other(tmp_path: Path) -> None:
    assert keys.supabase_keys(tmp_path) == OK
    made = texts(tmp_path)
    assert set(made) == {
        "postgres/lock", "postgres/postgres", "postgres/authenticator", "postgrest/jwt", "postgrest/uri",
        "gateway/SUPABASE_KEY", "llm/SUPABASE_KEY",
    }  # fmt: skip
    assert made["postgrest/uri"] == f"postgres://authenticator:{made['postgres/authenticator']}@postgres:5432/postgres"
    for client in ("gateway", "llm"):
        claims = jwt.decode(made[f"{client}/SUPABASE_KEY"], made["postgrest/jwt"], algorithms=["HS256"])
        assert claims["role"] == "service_role"
    assert keys.supabase_keys(tmp_path) == OK
    assert texts(tmp_path) == made


def test_supabase_secrets_are_random_and_private(tmp_path: Path) -> None:
    for name in ("a", "b"):
        keys.supabase_keys(tmp_path / name)
    first, second = texts(tmp_path / "a"), texts(tmp_path / "b")
    assert not [name for name in first if name != "postgres/lock" and first[name] == second[name]]
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o007 == 0


def test_empty_secret_file_is_an_error_and_not_replaced(tmp_path: Path) -> None:
    keys.supabase_keys(tmp_path)
    path = tmp_path / "postgres" / "postgres"
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(Failure, match="is empty"):
        keys.supabase_keys(tmp_path)
    assert path.read_text() == ""
