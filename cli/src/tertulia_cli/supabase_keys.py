"""`tertulia supabase-keys`: makes the passwords and the key of a local database that is compatible with Supabase.

Existing files are kept, because the database already has their passwords. Each container has a folder with only the
secrets that it needs: `postgres` (the database and the migrations), `postgrest`, `gateway`, `llm`.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import jwt

from tertulia_cli.access.files import Readers, locked, read, write
from tertulia_cli.exit_codes import OK, Failure

OURS: Final = Readers(gid=10_001)
"""The group of Tertulia's images."""
POSTGRES: Final = Readers(gid=999)
"""The group of PostgreSQL's image."""
DATABASE: Final = "postgres"
"""The database's host name."""


def supabase_keys(folder: Path) -> int:
    """Write the missing files; returns the exit code.

    Raises:
        Failure: a file cannot be read or written, or an existing one is empty.
    """
    with locked(folder / "postgres" / "lock"):
        _kept(folder / "postgres" / "postgres", POSTGRES)
        password = _kept(folder / "postgres" / "authenticator", POSTGRES)
        secret = _kept(folder / "postgrest" / "jwt", OURS)
        write(folder / "postgrest" / "uri", f"postgres://authenticator:{password}@{DATABASE}:5432/postgres", OURS)
        for client in ("gateway", "llm"):
            write(folder / client / "SUPABASE_KEY", service_key(secret), OURS)
    print("supabase-keys: all files are in place")
    return OK


def service_key(secret: str) -> str:
    """A key in Supabase's format: a JWT with the role, signed with HS256."""
    return jwt.encode({"role": "service_role", "iss": "tertulia"}, secret, algorithm="HS256")


def _kept(path: Path, readers: Readers) -> str:
    """The secret in the file; a new one if the file does not exist."""
    text = read(path)
    if text == "":
        raise Failure(f"{path} is empty, but the database may use the secret it had: restore it, or start over.")
    if text is None:
        text = secrets.token_hex(32)
    write(path, text, readers)
    return text
