"""The connection to a model server that a person made in the page: its form, and the file that keeps it.

Only the llm worker writes and reads the file. The command checks whether it exists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from tertulia_shared.model_server import checked_base_url, checked_key, checked_model

FILE_NAME: Final = "model-server.json"
OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class ModelConnection:
    """A model of a server, and the server's key ("": it needs none). `address`: the base URL of its API."""

    address: str
    model: str
    key: str = field(default="", repr=False)

    def has_key_for(self, address: str) -> bool:
        """True if the key may be sent to this address: the server (scheme, host and port) is the same."""
        return bool(self.key) and _server_of(self.address) == _server_of(address)


def _server_of(address: str) -> tuple[str, str]:
    parts = urlsplit(address.lower())
    return parts.scheme, parts.netloc.rpartition("@")[2]


def checked_connection(address: str, model: str, key: str) -> ModelConnection:
    """A connection of checked parts.

    Raises:
        ValueError: a part is impossible; the message names it, and does not repeat the key.
    """
    parts = {"address": address, "model": model, "key": key}
    checks = {"address": checked_base_url, "model": checked_model, "key": checked_key}
    for name, check in checks.items():
        try:
            parts[name] = check(parts[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return ModelConnection(**parts)


class ConnectionFile:
    """The file that keeps the connection. Only its owner may read it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever the file does; None if there is no file."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def load(self) -> ModelConnection | None:
        """The kept connection; None if there is none.

        Raises:
            OSError: the file cannot be read.
            ValueError: it does not hold a connection.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        held: object = json.loads(text)
        if not isinstance(held, dict):
            raise ValueError("it is not a JSON object")  # noqa: TRY004 - like every other mistake in the file
        values = cast("Mapping[str, Any]", held)
        return checked_connection(*(str(values.get(name, "")) for name in ("address", "model", "key")))

    def save(self, connection: ModelConnection) -> None:
        """Replace the file in one step, so that a reader sees the old connection or the new one.

        Raises:
            OSError: it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{FILE_NAME}.{os.getpid()}")
        with suppress(FileNotFoundError):
            new.unlink()  # of a process that died here, and had the same id
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
                json.dump(asdict(connection), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def delete(self) -> None:
        """Delete the file, if it exists.

        Raises:
            OSError: it cannot be deleted.
        """
        self.path.unlink(missing_ok=True)
