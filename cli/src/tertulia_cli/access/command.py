"""`tertulia access`: makes logins and certificates, gives them out, takes them back.

The folder is the truth; Redis' ACL file is made from it, and a Redis that runs is told. So whatever breaks off, the
next call puts things right. What is said to the person goes to stderr: a bundle goes to stdout.
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
from tertulia_cli.access.files import OWNER_ONLY, Readers, alone, read, write
from tertulia_cli.access.folder import BOX_DAYS, BOX_STAGES, HOLDERS, TLS_PORT, Box, Folder, new_password
from tertulia_cli.access.names import in_url, listed, parse_name
from tertulia_cli.exits import FAILED, MISUSED, NO_CONNECTION, OK, Failure
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
BOX_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Access:
    """What every call is told: the folder, the namespace, and where Redis is for those beside it (host:port)."""

    folder: Folder
    keys: Keys
    redis: str


@dataclass(frozen=True, slots=True)
class NewBox:
    """What `tertulia access box` was asked: `host` and `port` are where that machine reaches Redis.

    None leaves a box that is renewed what it has, and gives a new one what is usual.
    """

    name: str
    host: str
    port: int | None = None
    stages: tuple[Stage, ...] | None = None
    days: int | None = None
    renew: bool = False


def open_folder(path: Path, gid: int | None) -> Folder:
    """The folder at `path`; its logins may be read by the group `gid` too."""
    return Folder(path, Readers(gid))


def init(access: Access, names: Sequence[str], rotated: Sequence[str]) -> int:
    """Make what is missing, renew what is due, and let Redis know. Harmless to repeat.

    Args:
        access: see there.
        names: what Redis is to be reached by over TLS; none: no certificate is made, one that is there is kept.
        rotated: who gets a new password; their connections are closed.

    Raises:
        Failure: something cannot be read or written.
    """
    folder = access.folder
    with alone(folder.lock):
        is_first = folder.password(KEEPER) is None and not folder.users.exists()
        made = [name for name in (*HOLDERS, KEEPER) if folder.password(name) is None]
        for name in (*HOLDERS, KEEPER):
            old = None if name in rotated else folder.password(name)
            folder.give_login(name, old or new_password(), access.redis)
        tls = _certify(folder, names)
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        _say(f"access: users for {', '.join((*HOLDERS, *(box.user for box in folder.boxes().values())))}")
        if made:
            _say(f"access: new logins for {', '.join(made)}")
        if tls:
            _say(tls)
        told = FIRST if is_first else _tell(access, rotated)
        _say(f"access: Redis at {access.redis}: {told}")
    return OK


def box(access: Access, asked: NewBox) -> tuple[int, bytes]:
    """Let a further machine in; what it is to be given.

    Raises:
        Failure: its name is taken, Redis has no certificate or none for that host, or Redis would not know it.
    """
    _check_name(asked.name)
    folder, host = access.folder, parse_name(asked.host)
    with alone(folder.lock):
        boxes = folder.boxes()
        old = boxes.pop(asked.name, None)
        if old is not None and not asked.renew:
            raise Failure(f"there is a box {asked.name!r}: --renew gives it a new login, `revoke` ends it.", MISUSED)
        authority = _authority_for(folder, host)
        now, password = certificates.now(), new_password()
        days = asked.days or (old.days if old else BOX_DAYS)
        stages = asked.stages or (old.stages if old else BOX_STAGES)
        port = asked.port or (old.port if old else TLS_PORT)
        client = certificates.make_client(authority, f"{BOX}{asked.name}", now, days)
        new = Box(asked.name, stages, digest(password), host, now, certificates.ends(client.certificate), port)
        folder.keep_boxes([*boxes.values(), new])
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        _say(f"access: {new.user} may run {', '.join(new.stages)}, until {new.ends:%Y-%m-%d}")
        _say(f"access: Redis at {access.redis}: {_tell(access, [new.user])}")
    url = f"rediss://{new.user}:{password}@{in_url(host)}:{new.port}/0"
    return OK, bundle(url, access.keys.ns, authority.certificate, client, int(now.timestamp()))


def show(access: Access) -> int:
    """List the boxes.

    Raises:
        Failure: the list cannot be read.
    """
    boxes, now = access.folder.boxes(), certificates.now()
    if not boxes:
        print("no boxes; let one in: (umask 077; tertulia access box NAME --host ADDRESS > NAME.tar)")
    for each in boxes.values():
        left = (each.ends - now).days
        until = f"until {each.ends:%Y-%m-%d} ({left} days)" if left >= 0 else f"expired on {each.ends:%Y-%m-%d}"
        print(f"{each.name}: {', '.join(each.stages)}, by {each.host}, {until}")
    return OK


def revoke(access: Access, name: str) -> int:
    """Let a box in no more, and close its connections. One that is struck off already may still be known to Redis.

    Raises:
        Failure: there is no such box, or Redis cannot be told (it says what to do).
    """
    _check_name(name)
    folder, user = access.folder, f"{BOX}{name}"
    with alone(folder.lock):
        boxes = folder.boxes()
        known = boxes.pop(name, None) is not None
        missing = f"there is no box {name!r}: there are {listed(tuple(boxes))}"
        if not known and folder.password(KEEPER) is None:  # nobody was let in here yet, and nobody can be told
            raise Failure(f"{missing}.", MISUSED)
        struck = f"{user} is struck from {folder.users}" if known else missing
        folder.keep_boxes(boxes.values())
        write(folder.users, acl_file(_accounts(access)), folder.readers)
        try:
            gone = asyncio.run(set_accounts(_keeper_url(access), _accounts(access)))
        except BusRefused as error:
            raise Failure(
                f"{struck}; but the Redis that runs was not told ({error}): restart it, until then it lets the box in.",
                NO_CONNECTION,
            ) from error
        except BusUnavailable as error:
            raise Failure(f"{struck}; Redis was not told ({error}). If it runs, restart it.", NO_CONNECTION) from error
        except BusError as error:
            raise Failure(f"{error}; restart Redis: until then it lets the box in.", FAILED) from error
    if not known and user not in gone:
        raise Failure(f"{missing}.", MISUSED)
    _say(f"access: {_out((user, *(each for each in gone if each != user)))}")
    return OK


def _check_name(name: str) -> None:
    if not BOX_NAME.fullmatch(name):
        raise Failure(f"{name!r} is no name for a box: a-z, 0-9 and - within, at most 32 characters.", MISUSED)


def _out(users: Sequence[str]) -> str:
    return ", ".join(f"{user} is out, and its connections are closed" for user in users)


def _accounts(access: Access) -> list[Account]:
    keys, folder = access.keys, access.folder
    rules = {
        **{service: rights_of(service, keys).rules() for service in SERVICES},
        READER: reader_rules(keys),
        OPERATOR: operator_rules(keys),
        KEEPER: keeper_rules(),
    }
    # who has no login at present gets no user; one that the Redis that runs has stays as it is
    passwords = {name: folder.password(name) for name in rules}
    accounts = [Account(name, digest(word), rules[name]) for name, word in passwords.items() if word is not None]
    boxes = folder.boxes().values()
    return accounts + [Account(each.user, each.sha256, rights_of_stages(each.stages, keys).rules()) for each in boxes]


def _keeper_url(access: Access) -> str:
    return (read(access.folder.login(KEEPER)) or f"redis://{access.redis}/0").strip()


def _tell(access: Access, anew: Sequence[str]) -> str:
    """Let a Redis that runs know the users; what came of it."""
    try:
        gone = asyncio.run(set_accounts(_keeper_url(access), _accounts(access), anew))
    except BusRefused as error:
        return f"it was not told ({error}); restart it, and it reads {access.folder.users.name}"
    except BusUnavailable:
        return f"it does not run; it reads {access.folder.users.name} when it starts"
    except BusError as error:
        raise Failure(f"{error}; is it Redis 6.2 or later?") from error
    return f"it knows them; {_out(gone)}" if gone else "it knows them"


def _certify(folder: Folder, names: Sequence[str]) -> str:
    """Redis' certificate, made anew where there is none, other names are asked for, or it nears its end."""
    certificate, key = folder.server
    old = read(certificate)
    wanted = tuple(names) or (() if old is None else certificates.names_of(old))
    if not wanted:
        return ""
    authority = _authority(folder)
    if old is None or set(certificates.names_of(old)) != set(wanted) or not key.exists():
        due = True
    else:
        due = certificates.is_due(old, authority.certificate, certificates.now())
    if due:
        made = certificates.make_server(authority, wanted, certificates.now())
        # the key first: where it breaks off between the two, the next call sees that they do not belong together
        certificate.unlink(missing_ok=True)
        write(key, made.key, folder.readers)
        write(certificate, made.certificate, folder.readers)
        old = made.certificate
    write(folder.root / "redis" / "ca.crt", authority.certificate, folder.readers)
    return (
        f"access: Redis' certificate is {'new' if due else 'there'}, for {listed(wanted)}, "
        f"until {certificates.ends(old or ''):%Y-%m-%d}{'; a Redis that runs needs a restart' if due else ''}"
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
    """The authority, if Redis has a certificate for that host."""
    server = read(folder.server[0])
    names = () if server is None else certificates.names_of(server)
    if host not in names:
        raise Failure(
            f"Redis' certificate is not for {host} but for {listed(names)}: make it with "
            f"`tertulia access init --names {','.join((*names, host))}`, and restart Redis.",
            MISUSED,
        )
    return _authority(folder)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
