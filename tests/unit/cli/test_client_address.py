"""Where the gateway is."""

from __future__ import annotations

import pytest

from tertulia_cli.client.address import parse_place
from tertulia_cli.exits import MISUSED, Failure


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ws://127.0.0.1:8000/ws", "ws://127.0.0.1:8000/ws"),
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("https://talk.example.org/", "wss://talk.example.org/ws"),
        ("localhost:9000", "ws://localhost:9000/ws"),
        ("wss://example.org/tertulia/ws?x=1", "wss://example.org/tertulia/ws"),
        ("ws://[::1]:8000", "ws://[::1]:8000/ws"),
    ],
)
def test_addresses_as_people_write_them(given: str, meant: str) -> None:
    assert parse_place(given, "").url == meant


@pytest.mark.parametrize("given", ["ftp://example.org", "ws://", "", "ws://host:port", "ws://host:0"])
def test_what_is_no_address_is_said(given: str) -> None:
    with pytest.raises(Failure, match="must look like ws://") as failure:
        parse_place(given, "")
    assert failure.value.code == MISUSED


def test_the_token_goes_into_a_header_never_into_the_address() -> None:
    place = parse_place("127.0.0.1:8000", "s3cret")
    assert place.headers == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in place.address({"conversation_id": "abc"})
    assert parse_place("127.0.0.1:8000", "").headers == {}


def test_a_conversation_is_named_in_the_address() -> None:
    place = parse_place("127.0.0.1:8000", "")
    assert place.address({}) == "ws://127.0.0.1:8000/ws"
    assert place.address({"conversation_id": "a&b"}) == "ws://127.0.0.1:8000/ws?conversation_id=a%26b"


@pytest.mark.parametrize(
    ("url", "here"), [("localhost:1", True), ("[::1]:1", True), ("10.0.0.1:1", False), ("x.y", False)]
)
def test_no_proxy_leads_to_this_machine(url: str, here: bool) -> None:  # noqa: FBT001 - a table's column
    assert parse_place(url, "").is_here is here
