"""The keys and commands of each service. `tests/integration/test_access.py` tests them on a real Redis."""

from __future__ import annotations

import importlib
import inspect
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import tertulia_shared
from tertulia_shared.bus import (
    reader,
    redis_bus,
    redis_connections,
    redis_maintenance,
    redis_ownership,
    redis_presence,
    redis_reading,
    redis_work,
    redis_writing,
    rights,
    scripts,
)
from tertulia_shared.bus.accounts import Account, acl_file, digest, keeper_rules, operator_rules, reader_rules
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.redis_bus import RedisBus
from tertulia_shared.bus.rights import SERVICES, Rights, Service, called_by, rights_of, rights_of_stages
from tertulia_shared.bus.scripts import choosing, ownership, repair, work, writing
from tertulia_shared.bus.scripts.script import Script
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys

REDIS_MODULES = (
    redis_bus, redis_connections, redis_work, redis_ownership, redis_writing, redis_reading, redis_presence,
    redis_maintenance,
)  # fmt: skip
SCRIPTS = {
    name.lower(): value
    for module in (choosing, ownership, repair, work, writing)
    for name, value in vars(module).items()
    if isinstance(value, Script)
}
"""The scripts by the names of the functions that run them."""
KEYS = Keys("ns.1")
C, M = new_id(), new_id()


def may_touch(service: Service, key: Key) -> bool:
    patterns = rights_of(service, KEYS).patterns
    return any(fnmatchcase(key.name, pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ("tts", KEYS.turns(C)), ("tts", KEYS.owner(C, "turns")), ("tts", KEYS.mic(C, M)), ("tts", KEYS.store()),
        ("tts", KEYS.work("llm")), ("tts", KEYS.cast()), ("tts", KEYS.receipts(C)), ("tts", KEYS.broadcast()),
        ("tts", KEYS.character_names()), ("gateway", KEYS.character_names()),
        ("stt", KEYS.drainer()), ("stt", KEYS.owner(C, "turns")), ("stt", KEYS.store()), ("stt", KEYS.voices()),
        ("stt", KEYS.work("tts")), ("stt", KEYS.cast()),
        ("llm", KEYS.mic(C, M)), ("llm", KEYS.owner(C, M)), ("llm", KEYS.work("stt")),
        ("gateway", KEYS.owner(C, "turns")), ("gateway", KEYS.drainer()), ("gateway", KEYS.mic_progress(C, M)),
        *((service, Keys("ns11").state(C)) for service in SERVICES),
        *((service, Keys("other").state(C)) for service in SERVICES),
    ],
    ids=lambda value: value if isinstance(value, str) else re.sub(r"[0-9a-f-]{36}", "ID", str(value)),
)  # fmt: skip
def test_redis_user_of_a_service_cannot_access_keys_of_other_services(service: Service, key: Key) -> None:
    assert not may_touch(service, key)


@pytest.mark.parametrize("service", SERVICES)
def test_redis_user_of_a_service_can_access_its_own_keys(service: Service) -> None:
    assert may_touch(service, KEYS.state(C))
    assert may_touch(service, KEYS.events(C))
    assert may_touch(service, KEYS.workers())
    assert may_touch(service, KEYS.character_names()) == (service in ("stt", "llm"))
    if service != "gateway":
        assert may_touch(service, KEYS.work(service))
        assert may_touch(service, KEYS.work_failure(service, "1-0"))
        assert may_touch(service, KEYS.work_left(service, "1-0"))
        assert may_touch(service, KEYS.dead())


@pytest.mark.parametrize("service", ["gateway", "stt", "llm"])
def test_service_that_repairs_conversations_can_access_their_keys(service: Service) -> None:
    assert repair.MEND in rights_of(service, KEYS).scripts
    for key in (KEYS.state(C), KEYS.turns(C), KEYS.events(C), KEYS.control(C), KEYS.receipts(C)):
        assert may_touch(service, key)
    assert may_touch(service, KEYS.owner(C, "turns")) == (service == "llm")  # `mend(owner=True)`


@pytest.mark.parametrize("service", SERVICES)
def test_redis_user_of_a_service_has_no_administrative_rights(service: Service) -> None:
    forbidden = {"FLUSHALL", "FLUSHDB", "CONFIG", "KEYS", "ACL", "EVAL", "DEBUG", "SHUTDOWN", "CLIENT", "CLIENT KILL",
                 "MONITOR", "SCRIPT", "SCRIPT FLUSH", "REPLICAOF", "MIGRATE", "RENAME", "COPY", "PUBLISH"}  # fmt: skip
    assert not rights_of(service, KEYS).commands & forbidden
    if service != "llm":
        assert "SCAN" not in rights_of(service, KEYS).commands


def test_every_command_that_the_bus_sends_is_allowed_to_some_service() -> None:
    given = rights_of_stages(("stt", "llm", "tts"), KEYS) + rights_of("gateway", KEYS)
    sent: set[str] = set()
    for where in (*REDIS_MODULES, reader, Link):
        for command, part in re.findall(r'\(\s*"([A-Z]{3,})"(?:, "([A-Z]+)")?', inspect.getsource(where)):
            sent.add(f"{command} {part}" if f"{command} {part}" in given.commands else command)
    assert {"XREADGROUP", "XGROUP CREATE", "CLIENT UNBLOCK", "SCRIPT LOAD", "SCAN", "PING"} <= sent
    # options and an error look like commands; only `tertulia inspect` sends PTTL
    assert sent - {"BLOCK", "COUNT", "BUSYGROUP", "PTTL"} <= given.commands


def test_every_command_in_a_script_is_allowed_to_some_service() -> None:
    given = rights_of_stages(("stt", "llm", "tts"), KEYS) + rights_of("gateway", KEYS)
    for script in (*scripts.WRITING, *scripts.CALLING):
        assert called_by(script) <= given.commands


def used_by(service: Service) -> set[str]:
    """The bus methods that a service's code and its part of `shared` call, directly or through other bus methods."""
    package = importlib.import_module(f"tertulia_{service}")
    folders = [Path(folder) for folder in package.__path__]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    shared = Path(tertulia_shared.__path__[0])
    files += [shared / "outbox.py"] if service == "gateway" else shared.glob("*.py")
    named = {name for path in files for name in re.findall(r"\b_?bus\.(\w+)", path.read_text())}
    used: set[str] = set()
    while named := {name for name in named if inspect.isfunction(getattr(RedisBus, name, None))} - used:
        used |= named
        named = {name for used_name in named for name in re.findall(r"\bself\.(\w+)", source_of(used_name))}
    return used


def source_of(method: str) -> str:
    return inspect.getsource(getattr(RedisBus, method))


@pytest.mark.parametrize("service", SERVICES)
def test_service_may_run_every_command_of_its_scripts(service: Service) -> None:
    used = used_by(service)
    assert {"read", "outlet"} <= used
    run = re.compile(r"\b(?:scripts|ownership|repair)\.([a-z_]+)\(")
    named = {name for method in used for name in run.findall(source_of(method))}
    assert {"requeue", "nack", "own"} <= named or service == "gateway"
    named.add("write")  # outlets run this script
    have = rights_of(service, KEYS).scripts
    assert [name for name in sorted(named) if SCRIPTS[name] not in have] == []


@pytest.mark.parametrize("service", SERVICES)
def test_service_may_run_every_command_that_it_sends(service: Service) -> None:
    have = rights_of(service, KEYS).commands
    sent: set[str] = set()
    for method in used_by(service):
        for command, part in re.findall(r'\(\s*"([A-Z]{3,})"(?:, "([A-Z]+)")?', source_of(method)):
            sent.add(f"{command} {part}" if f"{command} {part}" in have else command)
    assert "XREVRANGE" in sent
    assert sent - {"BLOCK", "COUNT", "BUSYGROUP"} <= have  # these options and this error look like commands


def test_commands_of_a_lua_script_are_found_in_its_source() -> None:
    script = Script("redis.call('XINFO', 'CONSUMERS', KEYS[1]) local x = redis.pcall('GET', KEYS[2])")
    assert called_by(script) == {"XINFO CONSUMERS", "GET"}
    assert {"XADD", "HSET", "HDEL", "EXPIRE", "TTL", "GET", "HGET"} == called_by(writing.WRITE)


def test_redis_user_of_a_machine_has_the_rights_of_all_its_stages() -> None:
    both, stt, tts = rights_of_stages(("stt", "tts"), KEYS), rights_of("stt", KEYS), rights_of("tts", KEYS)
    assert both == Rights(stt.commands | tts.commands, stt.patterns | tts.patterns)
    assert rights_of_stages((), KEYS) == Rights()


def test_acl_file_has_one_user_per_line_and_no_plain_password() -> None:
    text = acl_file([Account("tts", digest("secret"), rights_of("tts", KEYS).rules())])
    first, second = text.splitlines()
    assert first == "user default reset off ~* &* +@all"
    assert second.startswith(f"user tts reset on #{digest('secret')} resetkeys resetchannels -@all +client|id ")
    assert "secret" not in text
    assert rights.UUID in second


def test_redis_users_for_people_are_limited_to_the_namespace() -> None:
    for rules in (reader_rules(KEYS), operator_rules(KEYS)):
        assert [rule for rule in rules if rule.startswith("~")] == ["~ns.1:*"]
    assert "+@write" not in reader_rules(KEYS)
    assert not [rule for rule in keeper_rules() if rule.startswith("~")]
