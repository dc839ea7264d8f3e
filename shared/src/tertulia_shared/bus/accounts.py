"""Redis users: one for each service, for people, and for each further machine; in an ACL file or a running Redis.

Redis and the file hold only the SHA-256 of a password. A password is 256 random bits, so it cannot be guessed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.errors import BusUnavailable, WriteRefused
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.keys import Keys

DEFAULT: Final = ("user", "default", "reset", "off", "~*", "&*", "+@all")
"""Redis' `default` user is disabled but keeps all permissions: up to Redis 7.0 at least, a starting server checks the
commands of its append-only file against them, and skips every transaction that they forbid."""
READER: Final = "reader"
OPERATOR: Final = "operator"
KEEPER: Final = "keeper"
"""The user that changes the users of a running Redis. It may read no key."""
BOX: Final = "box-"
"""Prefix of the users of further machines; no other user may have it."""
LOOK: Final = (
    "+@read",
    "-@dangerous",
    "+ping",
    "+info",
    "+command",
    "+client|id",
    "+client|setname",
    "+client|unblock",
)
ANSWER_S: Final = 5.0
"""Time limit for setting the users of a running Redis."""


@dataclass(frozen=True, slots=True)
class Account:
    """A Redis user. `rules` are ACL rules without the password; `sha256` is the hash of the password, in hex."""

    name: str
    sha256: str
    rules: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        """The arguments of `ACL SETUSER`; `reset` first, so that no earlier rule remains."""
        return self.name, "reset", "on", f"#{self.sha256}", *self.rules


def digest(password: str) -> str:
    """The hash of a password, as ACL rules take it."""
    return hashlib.sha256(password.encode()).hexdigest()


def reader_rules(keys: Keys) -> tuple[str, ...]:
    """The account for `tertulia inspect` and redis-cli: reads every key of the namespace, writes none."""
    return ("resetkeys", "resetchannels", "-@all", *LOOK, "+script|load", f"~{keys.ns}:*")


def operator_rules(keys: Keys) -> tuple[str, ...]:
    """The operator account, for manual repairs: reads and writes every key of the namespace, and reads the ACL log."""
    seeing = ("+acl|log", "+acl|whoami")
    return (
        "resetkeys", "resetchannels", "-@all", "+@read", "+@write", "-@dangerous", *LOOK[2:],
        "+evalsha", "+script|load", *seeing, f"~{keys.ns}:*",
    )  # fmt: skip


def keeper_rules() -> tuple[str, ...]:
    """The account for `tertulia access`: manages users, reads and writes no keys."""
    return ("resetkeys", "resetchannels", "-@all", "+ping", "+client|id", "+client|setname", "+acl")


def acl_file(accounts: Iterable[Account]) -> str:
    """The ACL file of these users; a client must log in."""
    lines = [DEFAULT, *(("user", *account.words()) for account in accounts)]
    return "".join(" ".join(line) + "\n" for line in lines)


async def set_accounts(url: str, accounts: Sequence[Account], reset: Iterable[str] = ()) -> tuple[str, ...]:
    """Sync the users of a running Redis; returns the users of further machines that were deleted.

    Redis is asked for its users, because an earlier deletion may have stopped halfway. Users are set one by one: ACL
    LOAD closes the connections of all users (tried on Redis 6.2 and 7.0). A deleted user loses its connections; so do
    those in `reset`, which are created again at once.

    Raises:
        BusUnavailable: Redis does not run, or refuses the keeper.
        WriteRefused: Redis refused a user.
    """
    kept = {account.name for account in accounts}
    link = Link(RedisAddress.parse(url), "access")
    try:
        async with asyncio.timeout(ANSWER_S):
            (known,) = _taken(await link.call(("ACL", "USERS")))
            names = sorted(name.decode() for name in known)
            gone = tuple(name for name in names if name.startswith(BOX) and name not in kept)
            leaving = [("ACL", "DELUSER", name) for name in (*gone, *reset)]
            _taken(await link.call(*leaving, *(("ACL", "SETUSER", *account.words()) for account in accounts)))
    except TimeoutError:
        raise BusUnavailable(f"Redis did not answer within {ANSWER_S:g} s") from None
    finally:
        await link.close()
    return gone


def _taken(replies: list[Any]) -> list[Any]:
    refused = next((reply for reply in replies if isinstance(reply, ErrorReply)), None)
    if refused is not None:
        raise WriteRefused(f"Redis refused a user: {refused}")
    return replies
