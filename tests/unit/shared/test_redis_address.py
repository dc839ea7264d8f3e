"""Redis URLs, and the first commands of a connection."""

from __future__ import annotations

import ssl

import pytest

from tertulia_shared.bus.address import RedisAddress

NAMED = ("CLIENT", "SETNAME", "n")


@pytest.mark.parametrize(
    ("url", "host", "port", "db"),
    [
        ("redis://", "localhost", 6379, 0),
        ("redis://box", "box", 6379, 0),
        ("redis://box:7000/3", "box", 7000, 3),
        ("redis://[::1]:7000/", "::1", 7000, 0),
        ("redis://box/1?db=2", "box", 6379, 2),
    ],
)
def test_url_names_host_port_and_database(url: str, host: str, port: int, db: int) -> None:
    address = RedisAddress.parse(url)
    assert (address.host, address.port, address.db, address.path, address.tls) == (host, port, db, "", None)


def test_url_with_unix_names_a_socket() -> None:
    address = RedisAddress.parse("unix:///run/a%20b.sock?db=4")
    assert (address.path, address.db) == ("/run/a b.sock", 4)


def test_rediss_verifies_the_name_of_the_server() -> None:
    address = RedisAddress.parse("rediss://box:6380/0")
    assert address.tls is not None
    assert address.tls.check_hostname
    assert address.tls.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "commands"),
    [
        ("redis://box/0", []),
        ("redis://:p%40ss@box/2", [("AUTH", "p@ss"), ("SELECT", 2)]),
        ("redis://me:pw@box", [("AUTH", "me", "pw")]),
        ("unix://:pw@/run/s", [("AUTH", "pw")]),
        ("unix:///run/s?username=me&password=a%26b", [("AUTH", "me", "a&b")]),
    ],
)
def test_connection_begins_with_login_database_and_name(url: str, commands: list[tuple[object, ...]]) -> None:
    assert RedisAddress.parse(url).login("n") == [*commands, NAMED]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://box", "redis://, rediss:// or unix://"),
        ("unix://", "path of the socket"),
        ("redis://box/name", "is a number"),
        ("redis://box:port", "(?i)port"),
    ],
)
def test_unusable_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RedisAddress.parse(url)


def test_password_is_not_shown() -> None:
    assert "secret" not in repr(RedisAddress.parse("redis://me:secret@box/0"))
