"""The parsing of the gateway's address."""

from __future__ import annotations

import pytest

from tertulia_cli.client.address import parse_address
from tertulia_cli.exit_codes import MISUSED, Failure


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
def test_gateway_address_may_have_common_forms(given: str, meant: str) -> None:
    assert parse_address(given, "").url == meant


@pytest.mark.parametrize("given", ["ftp://example.org", "ws://", "", "ws://host:port", "ws://host:0"])
def test_malformed_gateway_url_is_refused(given: str) -> None:
    with pytest.raises(Failure, match="must look like ws://") as failure:
        parse_address(given, "")
    assert failure.value.code == MISUSED


def test_token_is_sent_as_a_header_and_not_in_the_url() -> None:
    address = parse_address("127.0.0.1:8000", "s3cret")
    assert address.headers == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in address.url_with({"conversation_id": "abc"})
    assert parse_address("127.0.0.1:8000", "").headers == {}


def test_websocket_url_has_the_conversation_id() -> None:
    address = parse_address("127.0.0.1:8000", "")
    assert address.url_with({}) == "ws://127.0.0.1:8000/ws"
    assert address.url_with({"conversation_id": "a&b"}) == "ws://127.0.0.1:8000/ws?conversation_id=a%26b"


@pytest.mark.parametrize(
    ("url", "here"),
    [("localhost:1", True), ("gateway.localhost:1", True), ("[::1]:1", True), ("10.0.0.1:1", False), ("x.y", False)],
)
def test_loopback_addresses_count_as_local(url: str, here: bool) -> None:  # noqa: FBT001 - parametrized
    assert parse_address(url, "").is_local is here
