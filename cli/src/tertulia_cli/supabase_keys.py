"""`tertulia supabase-keys`: the passwords and the key of a database of our own that looks like Supabase's.

Made once: what is there stays, for the database knows the passwords by then. The folder has one folder for each who
reads them: `supabase` (the database and PostgREST), and the services that get the key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import jwt

from tertulia_cli.exits import MISUSED, OK, Failure

READERS: Final = 10_001
"""The user and group that Tertulia's images run as."""
CLIENTS: Final = ("gateway", "llm")
DATABASE: Final = "postgres"
"""Host name of the database."""


def supabase_keys(folder: Path) -> int:
    """Write what is missing; the exit code.

    Raises:
        Failure: a folder is missing or cannot be written.
    """
    own = folder / "supabase"
    try:
        kept = {name: _read(own / name) or secrets.token_hex(32) for name in ("postgres", "authenticator", "jwt")}
        for name, text in files(kept).items():
            # PostgreSQL's image reads its password when it has become a user that we do not know
            _write(own / name, text, mode=0o444 if name == "postgres" else 0o440)
        for client in CLIENTS:
            _write(folder / client / "SUPABASE_KEY", service_key(kept["jwt"]))
    except OSError as error:
        raise Failure(f"supabase-keys: {error.filename}: {error.strerror}", MISUSED) from error
    print("supabase-keys: all there")
    return OK


def files(kept: Mapping[str, str]) -> dict[str, str]:
    """The database's and PostgREST's files, from the passwords and the secret."""
    return {
        **kept,
        "postgrest": f"postgres://authenticator:{kept['authenticator']}@{DATABASE}:5432/postgres",
    }


def service_key(secret: str) -> str:
    """A key as Supabase hands it out: a token, signed with HS256, that names the role."""
    return jwt.encode({"role": "service_role", "iss": "tertulia"}, secret, algorithm="HS256")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write(path: Path, text: str, mode: int = 0o440) -> None:
    """The whole text or nothing, for its readers alone."""
    if _read(path) == text:
        return
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    if os.geteuid() == 0:
        os.chown(new, READERS, READERS)
    new.replace(path)
