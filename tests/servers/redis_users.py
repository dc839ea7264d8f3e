"""Redis users for tests: one for each service with the rights that it has, and one that may do everything."""

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
        """What stands before the @ in a URL."""
        return f"{name}:{_password(name)}"

    def options(self, folder: Path) -> Sequence[str]:
        """Writes the ACL file; what a redis-server is started with to use it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "users.acl"
        path.write_text(acl_file(self._accounts))
        return ("--aclfile", str(path))


def refusals(client: Any) -> list[str]:
    """What Redis refused to whom: a right is missing, or somebody asks for what is none of its business."""
    return [
        f"Redis refused {entry['username']} {entry['reason']} {entry['object']} ({entry['context']})"
        for entry in client.acl_log()
    ]


def _password(name: str) -> str:
    return f"{name}-password"
