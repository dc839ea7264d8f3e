"""`tertulia access`: makes, lists and revokes logins and certificates.

The folder is the source of truth. Each command derives Redis' ACL file from it and updates the running Redis, so after
an interrupted command the next one restores consistency. Messages go to stderr, because a bundle goes to stdout.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.access import certificates
from tertulia_cli.access.bundle import bundle
from tertulia_cli.access.certificates import Pair
from tertulia_cli.access.files import OWNER_ONLY, Readers, locked, read, write
from tertulia_cli.access.folder import HOLDERS, NODE_DAYS, NODE_STAGES, TLS_PORT, Folder, Node, new_password
from tertulia_cli.access.names import in_url, listed, parse_name
from tertulia_cli.exit_codes import FAILED, MISUSED, NO_CONNECTION, OK, Failure
from tertulia_shared.bus import BusError, BusRefused, BusUnavailable
from tertulia_shared.bus.accounts import (
    BOX,
    KEEPER,
    OPERATOR,
    READER,
    Account,
    acl_file,
    digest,
    keeper_rules,
    operator_rules,
    reader_rules,
    set_accounts,
)
from tertulia_shared.bus.rights import SERVICES, rights_of, rights_of_stages
from tertulia_shared.keys import Keys, Stage

FIRST: Final = "these are its first users; it reads users.acl when it starts"
NODE_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Access:
    """The context of every call: the folder, the namespace, and Redis' address (host:port) for local services."""

    folder: Folder
    keys: Keys
    redis: str


@dataclass(frozen=True, slots=True)
class NewNode:
    """Options of `tertulia access box`. `host` and `port`: Redis' address, as that machine reaches it.

    If an option is None, a renewed node keeps its value, and a new node gets the default.
    """

    name: str
    host: str
    port: int | None = None
    stages: tuple[Stage, ...] | None = None
    days: int | None = None
    renew: bool = False


def open_folder(path: Path, gid: int | None) -> Folder:
    """The folder at `path`; the group `gid` may read its logins."""
    return Folder(path, Readers(gid))


def init(access: Access, names: Sequence[str], rotated: Sequence[str]) -> int:
    """Make missing files, renew expiring ones, and update Redis. Idempotent.

    Args:
        access: the context.
        names: Redis' names for TLS; if empty, an existing certificate is kept and none is made.
        rotated: users that get a new password; their connections are closed.

    Raises:
        Failure: a file cannot be read or written.
    """
    folder = access.folder
    with locked(folder.lock):
        is_first = folder.password(KEEPER) is None and not folder.users.exists()
        made = [name for name in (*HOLDERS, KEEPER) if folder.password(name) is None]
        for name in (*HOLDERS, KEEPER):
            old = None if name in rotated else folder.password(name)
            folder.give_login(name, old or new_password(), access.redis)
        tls = _certify(folder, names)
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        _say(f"access: users for {', '.join((*HOLDERS, *(node.user for node in folder.nodes().values())))}")
        if made:
            _say(f"access: new logins for {', '.join(made)}")
        if tls:
            _say(tls)
        result = FIRST if is_first else _update_redis(access, rotated)
        _say(f"access: Redis at {access.redis}: {result}")
    return OK


def add_node(access: Access, asked: NewNode) -> tuple[int, bytes]:
    """Give a remote machine access. Returns the exit code and its bundle.

    Raises:
        Failure: the name is taken, or Redis has no certificate for that host, or Redis refused the update.
    """
    _check_name(asked.name)
    folder, host = access.folder, parse_name(asked.host)
    with locked(folder.lock):
        nodes = folder.nodes()
        old = nodes.pop(asked.name, None)
        if old is not None and not asked.renew:
            advice = "--renew gives it a new login, `revoke` deletes it"
            raise Failure(f"the box {asked.name!r} already exists: {advice}.", MISUSED)
        authority = _authority_for(folder, host)
        now, password = certificates.now(), new_password()
        days = asked.days or (old.days if old else NODE_DAYS)
        stages = asked.stages or (old.stages if old else NODE_STAGES)
        port = asked.port or (old.port if old else TLS_PORT)
        client = certificates.make_client(authority, f"{BOX}{asked.name}", now, days)
        new = Node(asked.name, stages, digest(password), host, now, certificates.ends(client.certificate), port)
        folder.save_nodes([*nodes.values(), new])
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        _say(f"access: {new.user} may run {', '.join(new.stages)}, until {new.ends:%Y-%m-%d}")
        _say(f"access: Redis at {access.redis}: {_update_redis(access, [new.user])}")
    url = f"rediss://{new.user}:{password}@{in_url(host)}:{new.port}/0"
    return OK, bundle(url, access.keys.ns, authority.certificate, client, int(now.timestamp()))


def show(access: Access) -> int:
    """List the nodes.

    Raises:
        Failure: the list is malformed.
    """
    nodes, now = access.folder.nodes(), certificates.now()
    if not nodes:
        print("No remote machines yet. Add one: (umask 077; tertulia access box NAME --host ADDRESS > NAME.tar)")
    for each in nodes.values():
        left = (each.ends - now).days
        until = f"until {each.ends:%Y-%m-%d} ({left} days)" if left >= 0 else f"expired on {each.ends:%Y-%m-%d}"
        print(f"{each.name}: {', '.join(each.stages)}, by {each.host}, {until}")
    return OK


def revoke(access: Access, name: str) -> int:
    """Delete a node's login and close its connections. Also works if only Redis still has the user.

    Raises:
        Failure: there is no such node, or Redis cannot be updated.
    """
    _check_name(name)
    folder, user = access.folder, f"{BOX}{name}"
    with locked(folder.lock):
        nodes = folder.nodes()
        known = nodes.pop(name, None) is not None
        missing = f"there is no box {name!r}; the boxes are: {listed(tuple(nodes))}"
        if not known and folder.password(KEEPER) is None:  # without this login Redis cannot be asked
            raise Failure(f"{missing}.", MISUSED)
        removed = f"{user} was removed from {folder.users}" if known else missing
        folder.save_nodes(nodes.values())
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        try:
            gone = asyncio.run(set_accounts(_keeper_url(access), _accounts(access)))
        except BusRefused as error:
            raise Failure(
                f"{removed}, but the running Redis could not be updated ({error}): restart it; until then the box has "
                "access.",
                NO_CONNECTION,
            ) from error
        except BusUnavailable as error:
            raise Failure(
                f"{removed}, but Redis was not reached ({error}). If it is running, restart it.", NO_CONNECTION
            ) from error
        except BusError as error:
            raise Failure(f"{error}; restart Redis: until then the box has access.", FAILED) from error
    if not known and user not in gone:
        raise Failure(f"{missing}.", MISUSED)
    _say(f"access: {_revoked((user, *(each for each in gone if each != user)))}")
    return OK


def _check_name(name: str) -> None:
    if not NODE_NAME.fullmatch(name):
        raise Failure(f"{name!r} is not a valid box name: a-z, 0-9 and inner -, at most 32 characters.", MISUSED)


def _revoked(users: Sequence[str]) -> str:
    return ", ".join(f"{user} has no access any more, and its connections are closed" for user in users)


def _accounts(access: Access) -> list[Account]:
    keys, folder = access.keys, access.folder
    rules = {
        **{service: rights_of(service, keys).rules() for service in SERVICES},
        READER: reader_rules(keys),
        OPERATOR: operator_rules(keys),
        KEEPER: keeper_rules(),
    }
    # skip users that have no login file; the running Redis keeps those users unchanged
    passwords = {name: folder.password(name) for name in rules}
    accounts = [Account(name, digest(word), rules[name]) for name, word in passwords.items() if word is not None]
    nodes = folder.nodes().values()
    return accounts + [Account(each.user, each.sha256, rights_of_stages(each.stages, keys).rules()) for each in nodes]


def _keeper_url(access: Access) -> str:
    return (read(access.folder.login(KEEPER)) or f"redis://{access.redis}/0").strip()


def _update_redis(access: Access, changed: Sequence[str]) -> str:
    """Update the users of the running Redis. `changed`: users whose connections are closed. Returns the result."""
    try:
        gone = asyncio.run(set_accounts(_keeper_url(access), _accounts(access), changed))
    except BusRefused as error:
        return f"it could not be updated ({error}); restart it, and it reads {access.folder.users.name}"
    except BusUnavailable:
        return f"it is not running; it reads {access.folder.users.name} when it starts"
    except BusError as error:
        raise Failure(f"{error}; is it Redis 6.2 or later?") from error
    return f"its users are up to date; {_revoked(gone)}" if gone else "its users are up to date"


def _certify(folder: Folder, names: Sequence[str]) -> str:
    """Make Redis' certificate if there is none, its names differ, or it expires soon. Returns the message."""
    certificate, key = folder.server
    old = read(certificate)
    wanted = tuple(names) or (() if old is None else certificates.names_of(old))
    if not wanted:
        return ""
    authority = _authority(folder)
    if old is None or set(certificates.names_of(old)) != set(wanted) or not key.exists():
        due = True
    else:
        due = certificates.needs_renewal(old, authority.certificate, certificates.now())
    if due:
        made = certificates.make_server(authority, wanted, certificates.now())
        # the key first: after an interruption between the two the next call finds no certificate and makes both
        certificate.unlink(missing_ok=True)
        write(key, made.key, folder.readers)
        write(certificate, made.certificate, folder.readers)
        old = made.certificate
    write(folder.root / "redis" / "ca.crt", authority.certificate, folder.readers)
    return (
        f"access: Redis' certificate is {'new' if due else 'unchanged'}, for {listed(wanted)}, "
        f"until {certificates.ends(old or ''):%Y-%m-%d}{'; restart Redis if it is running' if due else ''}"
    )


def _authority(folder: Folder) -> Pair:
    certificate, key = folder.authority
    known = read(certificate), read(key)
    if known[0] is not None and known[1] is not None:
        return Pair(known[0], known[1])
    made = certificates.make_authority(certificates.now())
    write(key, made.key, OWNER_ONLY)
    write(certificate, made.certificate, OWNER_ONLY)
    return made


def _authority_for(folder: Folder, host: str) -> Pair:
    """The authority; fails if Redis has no certificate for that host."""
    server = read(folder.server[0])
    names = () if server is None else certificates.names_of(server)
    if host not in names:
        raise Failure(
            f"Redis' certificate is not for {host} but for {listed(names)}: make a new one with "
            f"`tertulia access init --names {','.join((*names, host))}`, and restart Redis.",
            MISUSED,
        )
    return _authority(folder)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
