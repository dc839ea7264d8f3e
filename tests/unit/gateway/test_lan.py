"""The gateway in the home network: who is let in, the setup page, and the files of the certificate."""

from __future__ import annotations

import re
import ssl
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from tertulia_cli.lan.machine import Machine
from tertulia_gateway.lan.access import LanAccess
from tertulia_gateway.lan.languages import DEVICES, device_of, language_of
from tertulia_gateway.lan.setup_page import CERTIFICATE_PATH, LANGUAGES, PAGES, SetupPage
from tertulia_gateway.lan.site import BadSite, LanSite
from tertulia_gateway.settings import GatewaySettings
from tests.harness.lan import certify
from tests.harness.settings_of import settings_of

HOST = "192.168.1.10:8443"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture
def site(tmp_path: Path) -> LanSite:
    certify(tmp_path)
    return LanSite(tmp_path / "gateway")


def refused_status(site: LanSite, *, token: str | None = None, own_token: str = "", **headers: str) -> int:
    access = LanAccess(settings_of(GatewaySettings, token=own_token), site)
    shown = site.files.token if token is None else token
    refusal = access.refusal({name.replace("_", "-"): value for name, value in headers.items()}, {"token": shown})
    return 0 if refusal is None else refusal.status


@pytest.mark.parametrize("host", [HOST, "BOX.local:8443", "[fd00::10]:8443", "[FD00:0:0::10]", "box.local."])
def test_request_with_the_token_under_a_name_of_the_certificate_is_allowed(site: LanSite, host: str) -> None:
    assert refused_status(site, host=host) == 0
    assert refused_status(site, host=host, origin=f"https://{host}") == 0
    assert refused_status(site, host=host, token="") == 401
    assert refused_status(site, host=host, token="x" * 16) == 401


@pytest.mark.parametrize(
    "host", ["", "evil.example:8443", "192.168.1.11:8443", "localhost:8443", "box.local.evil.example", "[", "[::1]"]
)
def test_request_under_another_host_is_refused_despite_the_token(site: LanSite, host: str) -> None:
    assert refused_status(site, host=host) == 403


@pytest.mark.parametrize(
    "origin", [f"http://{HOST}", "https://192.168.1.10:8088", "https://evil.example", "null", "https://box.local:8443"]
)
def test_request_of_another_origin_is_refused_despite_the_token(site: LanSite, origin: str) -> None:
    assert refused_status(site, host=HOST, origin=origin) == 403


def test_request_of_another_site_without_an_origin_is_refused(site: LanSite) -> None:
    assert refused_status(site, host=HOST, sec_fetch_site="cross-site") == 403
    assert refused_status(site, host=HOST, sec_fetch_site="same-origin") == 0


def test_token_of_the_settings_replaces_the_generated_one(site: LanSite) -> None:
    own = "y" * 16
    assert refused_status(site, host=HOST, token=own, own_token=own) == 0
    assert refused_status(site, host=HOST, own_token=own) == 401


def test_ports_of_the_gateway_must_be_different(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must be different"):
        GatewaySettings.model_validate({"lan_dir": tmp_path, "lan_port": 8000})
    assert GatewaySettings.model_validate({"lan_port": 8000}).lan_dir is None


# -- the files


def test_new_certificate_is_loaded_with_its_names(tmp_path: Path, site: LanSite) -> None:
    assert not site.reload()
    certify(tmp_path, machine=Machine("box", ("10.9.8.7",)))
    assert site.reload()
    assert site.knows("10.9.8.7")
    assert not site.knows("192.168.1.10")


def test_unreadable_new_certificate_leaves_the_present_one_in_use(tmp_path: Path, site: LanSite) -> None:
    (tmp_path / "gateway" / "server.pem").unlink()
    assert not site.reload()
    (tmp_path / "gateway" / "server.pem").write_text("no certificate")
    assert not site.reload()
    assert site.knows("192.168.1.10")


@pytest.mark.parametrize("name", ["names", "token", "ca.crt", "server.pem"])
def test_missing_file_is_named(tmp_path: Path, site: LanSite, name: str) -> None:
    (tmp_path / "gateway" / name).unlink()
    with pytest.raises(BadSite, match=re.escape(name)):
        LanSite(tmp_path / "gateway")


# -- the setup page


class Links(HTMLParser):
    """Collects what a page links to, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: int = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        self.open += ("open", None) in attrs


def page(site: LanSite, host: str = "192.168.1.10:8088") -> TestClient:
    return TestClient(SetupPage(site, 8443), base_url=f"http://{host}")


def test_setup_page_has_the_fingerprint_the_certificate_and_the_address(site: LanSite) -> None:
    answer = page(site).get("/")
    assert answer.status_code == 200
    assert site.files.fingerprint in answer.text
    assert set(Links(answer.text).links) == {CERTIFICATE_PATH, "https://192.168.1.10:8443/"}
    assert site.files.token not in answer.text


def test_setup_page_has_no_script_and_its_policy_allows_only_its_own_style(site: LanSite) -> None:
    answer = page(site).get("/")
    assert "script" not in Links(answer.text).tags
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("box.local:8088", "https://box.local:8443/"),
        ("[fd00::10]:8088", "https://[fd00::10]:8443/"),
        ("evil.example", "https://127.0.0.1:8443/"),
        ('"><b>', "https://127.0.0.1:8443/"),
    ],
)
def test_setup_page_links_to_the_name_that_the_device_has_used_if_it_is_ours(
    site: LanSite, host: str, address: str
) -> None:
    answer = page(site).get("/", headers={"host": host})
    assert set(Links(answer.text).links) == {CERTIFICATE_PATH, address}


def test_certificate_is_served_as_der_for_devices(site: LanSite, tmp_path: Path) -> None:
    answer = page(site).get(CERTIFICATE_PATH)
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert ssl.DER_cert_to_PEM_cert(answer.content) == (tmp_path / "gateway" / "ca.crt").read_text()


@pytest.mark.parametrize("path", ["/ws", "/api/status", "/healthz", "/server.pem", "/../server.pem", "/index.html"])
def test_setup_server_has_nothing_else(site: LanSite, path: str) -> None:
    assert page(site).get(path).status_code == 404


def test_setup_server_only_reads(site: LanSite) -> None:
    assert page(site).post("/").status_code == 405
    assert page(site).head("/").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_setup_page_is_complete_in_each_language(site: LanSite, language: str) -> None:
    shown, english = (
        Links(page(site).get("/", headers={"accept-language": tag, "user-agent": IPHONE}).text)
        for tag in (language, "en")
    )
    assert shown.tags == english.tags
    assert shown.open == 1
    assert set(PAGES[language].get_identifiers()) == set(PAGES["en"].get_identifiers())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, es;q=0.7, en;q=0.3", "es"),
        ("en;q=0.2, de;q=0.9", "de"),
        ("fr", "en"),
        ("de;q=0, es;q=0.1", "es"),
        (";;q=x,,*", "en"),
    ],
)
def test_language_is_the_best_one_that_the_browser_accepts(accepted: str, language: str) -> None:
    assert language_of(accepted, LANGUAGES) == language


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, "ios"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile", "android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0", "windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", "macos"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "linux"),
        ("curl/8", ""),
    ],
)
def test_device_is_read_from_the_user_agent(agent: str, device: str) -> None:
    assert device_of(agent) == device
    assert device in (*DEVICES, "")
