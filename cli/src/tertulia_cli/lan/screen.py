"""The output of `--lan`: the addresses with their QR codes, and what was renewed."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console
from rich.text import Text

from tertulia_cli.lan.addresses import LanPorts, main_name, page_url, setup_url
from tertulia_cli.lan.folder import Certified
from tertulia_cli.lan.qr import qr_lines, side_by_side

CODE_STYLE: Final = "#ffffff on #000000"
GAP: Final = 4
INDENT: Final = "  "
SETUP_TITLE, PAGE_TITLE = "1. trust the certificate", "2. open the page"


class LanScreen:
    """Prints lines without wrapping, so that they can be copied."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)

    def invite(self, certified: Certified, ports: LanPorts, token: str) -> None:
        """Print how another device opens the page. `token`: the one that the gateway asks for."""
        name = main_name(certified.names)
        say = self._console.print
        say()
        say(Text(f"{INDENT}On your phone and other devices in this network:", "bold"))
        say(Text.assemble(f"{INDENT}1. once, trust the certificate: ", (setup_url(name, ports), "bold cyan")))
        say(Text(f"{INDENT}   its fingerprint (SHA-256) must be {certified.fingerprint}"))
        say(Text.assemble(f"{INDENT}2. open the page: ", (page_url(name, ports, token), "bold cyan")))
        others = [each for each in certified.names if each != name]
        if others:
            say(
                Text(f"{INDENT}   or with one of these names, where the network knows them: {', '.join(others)}", "dim")
            )
        say()
        self._codes(setup_url(name, ports), page_url(name, ports, token))
        say(
            Text(
                f"{INDENT}The second address contains the access token: show it only to people whom you let in.", "dim"
            )
        )
        say()

    def renewed(self, certified: Certified) -> None:
        """Print what was made, if anything was."""
        if certified.new_authority:
            again = "" if certified.new_authority == "there is none" else ": each device has to trust it again"
            why = f"{INDENT}A new certificate authority was made ({certified.new_authority}){again}."
            self._console.print(Text(why, "yellow" if again else ""))
        if certified.new_certificate:
            self._console.print(
                f"{INDENT}The certificate is for {', '.join(certified.names)}, until {certified.ends:%Y-%m-%d}."
            )

    def moved(self, certified: Certified, ports: LanPorts) -> None:
        """Print that the names or addresses have changed while everything runs."""
        self.renewed(certified)
        address = page_url(main_name(certified.names), ports)
        self._console.print(Text.assemble(f"{INDENT}Other devices now open ", (address, "bold cyan")))

    def trouble(self, why: str) -> None:
        """Print why the certificate could not be renewed; the present one stays in use."""
        self._console.print(Text.assemble((f"{INDENT}! ", "yellow"), f"the certificate was not renewed: {why}"))

    def _codes(self, setup: str, page: str) -> None:
        left, right = qr_lines(setup), qr_lines(page)
        width = len(left[0])
        if len(INDENT) + width + GAP + len(right[0]) > self._console.width:
            for title, lines in ((SETUP_TITLE, left), (PAGE_TITLE, right)):
                self._console.print(f"{INDENT}{title}")
                for line in lines:
                    self._console.print(Text.assemble(INDENT, (line, CODE_STYLE)))
            return
        self._console.print(f"{INDENT}{SETUP_TITLE:<{width + GAP}}{PAGE_TITLE}")
        for before, gap, after in side_by_side(left, right, GAP):
            self._console.print(
                Text.assemble(INDENT, (before, CODE_STYLE if before.strip() else ""), gap, (after, CODE_STYLE))
            )
