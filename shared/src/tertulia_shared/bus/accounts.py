"""Redis' users: one for each service, for people, for each further machine; as lines of an ACL file, or set at once.

A password never stands in Redis or in the file, only its SHA-256: it is 256 random bits, which nobody guesses.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import ResponseError

from tertulia_shared.bus.link import Link, make_pool
from tertulia_shared.bus.port.errors import BusUnavailable, WriteRefused
from tertulia_shared.keys import Keys

DEFAULT: Final = ("user", "default", "reset", "off", "~*", "&*", "+@all")
"""Nobody is this user, and it may everything: up to Redis 7.0 at least, what a starting server reads back from its
append-only file is checked against these rights, and every transaction that they forbid is left out."""
READER: Final = "reader"
OPERATOR: Final = "operator"
KEEPER: Final = "keeper"
"""Who changes the users of a running Redis, and reads no key."""
BOX: Final = "box-"
"""What the users of further machines begin with; all that do are ours."""
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
"""How long a running Redis may take to take the users over."""


@dataclass(frozen=True, slots=True)
class Account:
    """A Redis user. `rules` are ACL rules without the password; `sha256` is the password's, in hex."""

    name: str
    sha256: str
    rules: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        """What stands behind `ACL SETUSER`: whatever the user was before is forgotten."""
        return self.name, "reset", "on", f"#{self.sha256}", *self.rules


def digest(password: str) -> str:
    """The hash of a password as an ACL has it."""
    return hashlib.sha256(password.encode()).hexdigest()


def reader_rules(keys: Keys) -> tuple[str, ...]:
    """For `tertulia inspect` and redis-cli: sees everything under the namespace, changes nothing."""
    return ("resetkeys", "resetchannels", "-@all", *LOOK, "+script|load", f"~{keys.ns}:*")


def operator_rules(keys: Keys) -> tuple[str, ...]:
    """For a person who repairs: reads and writes under the namespace, sees who was refused what."""
    seeing = ("+acl|log", "+acl|whoami")
    return (
        "resetkeys", "resetchannels", "-@all", "+@read", "+@write", "-@dangerous", *LOOK[2:],
        "+evalsha", "+script|load", *seeing, f"~{keys.ns}:*",
    )  # fmt: skip


def keeper_rules() -> tuple[str, ...]:
    """For `tertulia access`: users, no keys."""
    return ("resetkeys", "resetchannels", "-@all", "+ping", "+client|id", "+client|setname", "+acl")


def acl_file(accounts: Iterable[Account]) -> str:
    """The ACL file that holds these users, and lets nobody in who does not log in."""
    lines = [DEFAULT, *(("user", *account.words()) for account in accounts)]
    return "".join(" ".join(line) + "\n" for line in lines)


async def set_accounts(url: str, accounts: Sequence[Account], anew: Iterable[str] = ()) -> tuple[str, ...]:
    """Make a running Redis have these users, and of further machines no other: whose users it knew and knows no more.

    It is asked which it has, since whoever was to take one out may have been stopped halfway. One by one, not by
    ACL LOAD, which closes the connections of all users (tried on Redis 6.2 and 7.0). Who goes loses their connections;
    so do those in `anew`, who come back at once.

    Raises:
        BusUnavailable: it does not run, or does not let the keeper in.
        WriteRefused: it refused a user.
    """
    kept = {account.name for account in accounts}
    link = Link(make_pool(url), "access")
    try:
        async with asyncio.timeout(ANSWER_S):
            (known,) = _taken(await link.call(("ACL", "USERS")))
            names = sorted(name.decode() for name in known)
            gone = tuple(name for name in names if name.startswith(BOX) and name not in kept)
            leaving = [("ACL", "DELUSER", name) for name in (*gone, *anew)]
            _taken(await link.call(*leaving, *(("ACL", "SETUSER", *account.words()) for account in accounts)))
    except TimeoutError:
        raise BusUnavailable(f"Redis did not answer within {ANSWER_S:g} s") from None
    finally:
        await link.close()
    return gone


def _taken(replies: list[Any]) -> list[Any]:
    refused = next((reply for reply in replies if isinstance(reply, ResponseError)), None)
    if refused is not None:
        raise WriteRefused(f"Redis refused a user: {refused}")
    return replies
