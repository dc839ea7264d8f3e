"""Redis users for tests: one for each service with its rights, and one with all rights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tertulia_shared.bus.accounts import Account, acl_file, digest
from tertulia_shared.bus.rights import SERVICES, rights_of
from tertulia_shared.keys import Keys

EVERYTHING = "test"


class RedisUsers:
    """The users of one namespace."""

    def __init__(self, keys: Keys) -> None:
        rules = {service: rights_of(service, keys).rules() for service in SERVICES}
        everything = ("~*", "&*", "+@all")
        self._accounts = [
            Account(name, digest(_password(name)), rules) for name, rules in {**rules, EVERYTHING: everything}.items()
        ]

    def login(self, name: str) -> str:
        """`user:password` for a URL."""
        return f"{name}:{_password(name)}"

    def options(self, folder: Path) -> Sequence[str]:
        """Write the ACL file; returns the options of a redis-server that uses it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "users.acl"
        path.write_text(acl_file(self._accounts))
        return ("--aclfile", str(path))


def refusals(client: Any) -> list[str]:
    """The commands that Redis refused, from its ACL log."""
    return [
        f"Redis refused {entry['username']} {entry['reason']} {entry['object']} ({entry['context']})"
        for entry in client.acl_log()
    ]


def _password(name: str) -> str:
    return f"{name}-password"
