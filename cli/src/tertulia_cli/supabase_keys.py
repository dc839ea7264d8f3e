"""`tertulia supabase-keys`: the passwords and the key of a database of our own that looks like Supabase's.

Made once: what is there stays, for the database knows the passwords by then. There is a folder for each who reads, and
no more in it than they need: `postgres` (the database, and who applies the migrations), `postgrest`, `gateway`, `llm`.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import jwt

from tertulia_cli.access.files import Readers, alone, read, write
from tertulia_cli.exits import OK, Failure

OURS: Final = Readers(gid=10_001)
"""The group that Tertulia's images run as."""
POSTGRES: Final = Readers(gid=999)
"""The group that PostgreSQL's image runs as."""
DATABASE: Final = "postgres"
"""Host name of the database."""


def supabase_keys(folder: Path) -> int:
    """Write what is missing; the exit code.

    Raises:
        Failure: a file cannot be read or written, or one that was made is empty.
    """
    with alone(folder / "postgres" / "lock"):
        _kept(folder / "postgres" / "postgres", POSTGRES)
        password = _kept(folder / "postgres" / "authenticator", POSTGRES)
        secret = _kept(folder / "postgrest" / "jwt", OURS)
        write(folder / "postgrest" / "uri", f"postgres://authenticator:{password}@{DATABASE}:5432/postgres", OURS)
        for client in ("gateway", "llm"):
            write(folder / client / "SUPABASE_KEY", service_key(secret), OURS)
    print("supabase-keys: all there")
    return OK


def service_key(secret: str) -> str:
    """A key as Supabase hands it out: a token, signed with HS256, that names the role."""
    return jwt.encode({"role": "service_role", "iss": "tertulia"}, secret, algorithm="HS256")


def _kept(path: Path, readers: Readers) -> str:
    """The secret that stands there; a new one if none does."""
    text = read(path)
    if text == "":
        raise Failure(f"{path} is empty, and the database may know what stood there: put it back, or start over.")
    if text is None:
        text = secrets.token_hex(32)
    write(path, text, readers)
    return text
