"""The output of `--lan`: addresses, fingerprint and QR codes."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
import segno
from rich.console import Console

from tertulia_cli.lan.addresses import LanPorts, main_name, page_url, setup_url
from tertulia_cli.lan.folder import Certified
from tertulia_cli.lan.qr import BORDER, qr_lines
from tertulia_cli.lan.screen import LanScreen

PORTS = LanPorts(8443, 8088)
TOKEN = "abcdefghijklmnop_-1234"  # noqa: S105 - of no server
CERTIFIED = Certified(("fd00::10", "192.168.1.10", "box.local"), "AA:BB", datetime(2027, 5, 1, tzinfo=UTC), TOKEN)


def modules(lines: list[str]) -> list[list[int]]:
    """Read a code back from its lines: 1 is dark."""
    halves = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    return [[halves[each][half] for each in line] for line in lines for half in (0, 1)]


@pytest.mark.parametrize("text", ["http://192.168.1.10:8088/", f"https://192.168.1.10:8443/#token={TOKEN}"])
def test_lines_of_a_qr_code_have_all_its_modules(text: str) -> None:
    code = [list(row) for row in segno.make_qr(text, error="l", boost_error=False).matrix]
    shown = modules(qr_lines(text))
    inner = [row[BORDER : BORDER + len(code)] for row in shown[BORDER : BORDER + len(code)]]
    assert inner == code
    assert not any(shown[0] + shown[1] + shown[-1])
    assert not any(row[0] or row[1] or row[-1] or row[-2] for row in shown)


def test_addresses_for_ipv6_have_brackets_and_the_token_is_in_the_fragment() -> None:
    assert setup_url("fd00::10", PORTS) == "http://[fd00::10]:8088/"
    assert page_url("box.local", PORTS, "a b") == "https://box.local:8443/#token=a%20b"
    assert page_url("box.local", PORTS) == "https://box.local:8443/"


def test_ipv4_address_is_shown_first() -> None:
    assert main_name(CERTIFIED.names) == "192.168.1.10"
    assert main_name(("fd00::10", "box.local")) == "fd00::10"


@pytest.mark.parametrize("width", [80, 50])
def test_invitation_has_both_addresses_the_fingerprint_and_two_codes(width: int) -> None:
    out = io.StringIO()
    LanScreen(Console(file=out, width=width, soft_wrap=True)).invite(CERTIFIED, PORTS, TOKEN)
    shown = out.getvalue()
    assert "http://192.168.1.10:8088/" in shown
    assert f"https://192.168.1.10:8443/#token={TOKEN}" in shown
    assert "AA:BB" in shown
    assert "fd00::10, box.local" in shown
    beside = "1. trust the certificate         2. open the page" in shown
    assert beside == (width == 80)


def test_token_never_appears_in_an_address_by_plain_http() -> None:
    assert TOKEN not in setup_url("192.168.1.10", PORTS)


def test_new_authority_is_reported_as_one_to_trust_again_unless_it_is_the_first() -> None:
    for reason, again in (("there is none", False), ("it ends soon", True)):
        out = io.StringIO()
        made = Certified(CERTIFIED.names, "AA", CERTIFIED.ends, TOKEN, reason, reason)
        LanScreen(Console(file=out, width=80, soft_wrap=True)).renewed(made)
        assert ("each device has to trust it again" in out.getvalue()) is again
        assert "until 2027-05-01" in out.getvalue()
