"""Access control by token, origin and host, and settings that the gateway rejects."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tertulia_gateway.auth import Access
from tertulia_gateway.settings import GatewaySettings, is_loopback

TOKEN = "x" * 16


def settings(**given: object) -> GatewaySettings:
    return GatewaySettings.model_validate(given)


def refused_status(access: Access, *, query: dict[str, str] | None = None, **headers: str) -> int:
    refusal = access.refusal({name.replace("_", "-"): value for name, value in headers.items()}, query or {})
    return 0 if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "gateway.localhost:8000", "127.0.0.1:8000", "127.0.0.9", "[::1]:8000", "[::1]"],
)
def test_loopback_hosts_are_allowed_without_a_token(host: str) -> None:
    assert refused_status(Access(settings()), host=host) == 0
    assert refused_status(Access(settings()), host=host, origin=f"http://{host}") == 0


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evillocalhost",
        "gateway:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "10.0.0.1",
    ],
)
def test_hosts_other_than_loopback_are_refused_without_a_token(host: str) -> None:
    assert refused_status(Access(settings()), host=host) == 403


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://localhost:9", "http://localhost:8000@evil"])
def test_requests_from_other_origins_are_refused(origin: str) -> None:
    assert refused_status(Access(settings()), host="localhost:8000", origin=origin) == 403


def test_only_origins_in_the_setting_are_allowed_beside_the_own_origin() -> None:
    access = Access(settings(origins="https://Talk.example.org/, http://a:1"))
    assert refused_status(access, host="localhost", origin="https://talk.example.org") == 0
    assert refused_status(access, host="talk.example.org", origin="https://talk.example.org") == 0
    assert refused_status(access, host="localhost", origin="https://talk.example.org:444") == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "none, cross-site"])
def test_request_from_another_site_needs_an_allowed_origin(site: str) -> None:
    access = Access(settings(origins="https://talk.example.org"))
    assert refused_status(access, host="localhost", sec_fetch_site=site) == 403
    assert refused_status(access, host="localhost", sec_fetch_site=site, origin="http://evil.example") == 403
    assert refused_status(access, host="localhost", sec_fetch_site=site, origin="https://talk.example.org") == 0


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_requests_of_the_own_page_and_of_a_typed_address_are_allowed(site: str) -> None:
    assert refused_status(Access(settings()), host="localhost", sec_fetch_site=site) == 0


def test_token_is_accepted_in_the_query_and_in_the_header() -> None:
    access = Access(settings(host="0.0.0.0", token=TOKEN))
    assert refused_status(access, host="talk.lan") == 401
    assert refused_status(access, host="talk.lan", query={"token": "wrong"}) == 401
    assert refused_status(access, host="talk.lan", query={"token": "wröng"}) == 401
    assert refused_status(access, host="talk.lan", authorization=f"Basic {TOKEN}") == 401
    assert refused_status(access, host="talk.lan", query={"token": TOKEN}) == 0
    assert refused_status(access, host="talk.lan", authorization=f"bearer {TOKEN}") == 0
    assert refused_status(access, host="talk.lan", authorization=f"Bearer {TOKEN}", origin="http://other") == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "talk.lan"])
def test_listening_beyond_loopback_requires_a_token(host: str) -> None:
    with pytest.raises(ValidationError, match="TERTULIA_TOKEN"):
        settings(host=host)
    assert settings(host=host, token=TOKEN).host == host


def test_token_is_required_only_if_the_published_host_is_not_loopback() -> None:
    assert settings(host="0.0.0.0", published_host="127.0.0.1").host == "0.0.0.0"
    for host in ("0.0.0.0", "127.0.0.1"):
        with pytest.raises(ValidationError, match=r"TERTULIA_HOST 0\.0\.0\.0 can be reached"):
            settings(host=host, published_host="0.0.0.0")
    assert settings(host="0.0.0.0", published_host="0.0.0.0", token=TOKEN).published_host == "0.0.0.0"


@pytest.mark.parametrize("token", ["short", "with\nbreak-and-more-of-it", "ünïcödé-ünïcödé-ünïcödé"])
def test_token_setting_that_is_short_or_not_plain_ascii_is_rejected(token: str) -> None:
    with pytest.raises(ValidationError, match="at least 16"):
        settings(token=token)


@pytest.mark.parametrize("origin", ["talk.example.org", "ftp://a", "https://a/path", "https://"])
def test_origin_setting_that_is_malformed_is_rejected(origin: str) -> None:
    with pytest.raises(ValidationError, match="https://talk"):
        settings(origins=origin)


def test_repr_of_settings_hides_the_token() -> None:
    assert TOKEN not in repr(settings(token=TOKEN))


def test_host_name_other_than_localhost_is_not_a_loopback_address() -> None:
    assert is_loopback("::1")
    assert not is_loopback("example.org")


def may_configure(access: Access, **headers: str) -> bool:
    return access.configuration_refusal({name.replace("_", "-"): value for name, value in headers.items()}) is None


def test_without_a_token_only_this_machine_may_change_the_installation() -> None:
    access = Access(settings(origins="https://talk.example.org"))
    assert may_configure(access, host="localhost:8000")
    assert may_configure(access, host="127.0.0.1:8000", origin="http://127.0.0.1:8000")
    assert not may_configure(access, host="talk.example.org")
    assert not may_configure(access, host="localhost:8000", origin="https://talk.example.org")


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip"])
def test_request_of_a_proxy_on_this_machine_needs_a_token_to_change_the_installation(header: str) -> None:
    assert not may_configure(Access(settings()), host="localhost", **{header: "10.0.0.7"})
    assert may_configure(Access(settings(token=TOKEN)), host="localhost", **{header: "10.0.0.7"})
