"""The page on another device of the home network: through an address that is not loopback, by HTTPS.

The browser trusts only the authority, as a phone does after the setup. With `certutil` (Debian: libnss3-tools) the
authority is in the browser's own database; without it, the browser is told to accept the key of the certificate.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, async_playwright, expect

from tertulia_cli.lan.addresses import LanPorts, page_url, setup_url
from tertulia_cli.lan.machine import find_machine
from tests.e2e.conftest import CHROMIUM
from tests.e2e.visitor import PICTURES, Visitor
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.lan import certify
from tests.harness.stack import Stack
from tests.servers.redis_server import free_ports


@dataclass(frozen=True, slots=True)
class Served:
    """A stack in the home network. `address`: of this machine, not loopback."""

    address: str
    ports: LanPorts
    token: str
    folder: Path


@pytest.fixture(scope="module")
def served(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    machine = find_machine()
    if not machine.addresses:
        pytest.skip("NO NETWORK: this machine has only loopback addresses")
    folder = tmp_path_factory.mktemp("lan")
    made, port = certify(folder / "lan", machine=machine, asked=()), free_ports(2)
    env = {
        "TERTULIA_TTS_ENGINE": "espeak",
        "TERTULIA_LEASE_S": "30",
        "TERTULIA_LAN_DIR": str(folder / "lan" / "gateway"),
        "TERTULIA_LAN_PORT": str(port),
        "TERTULIA_LAN_SETUP_PORT": str(port + 1),
    }
    with Stack(folder / "stack", env=env):
        yield Served(machine.addresses[0], LanPorts(port, port + 1), made.token, folder)


@pytest.fixture(scope="module")
def trusting(served: Served) -> list[str]:
    """Options of a browser whose home is the folder, so that it trusts the authority."""
    certutil = shutil.which("certutil")
    if certutil is None:
        return [f"--ignore-certificate-errors-spki-list={key_hash(served.folder)}"]
    database = served.folder / ".pki" / "nssdb"
    database.mkdir(parents=True)
    authority = served.folder / "lan" / "gateway" / "ca.crt"
    where = ["-d", f"sql:{database}"]
    subprocess.run([certutil, *where, "-N", "--empty-password"], check=True)
    subprocess.run([certutil, *where, "-A", "-n", "Tertulia", "-t", "C,,", "-i", authority], check=True)
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def device(served: Served, trusting: list[str]) -> AsyncGenerator[Browser]:
    """A browser of its own, which trusts the authority."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium on PATH: install it (Debian: apt-get install chromium)")
        pytest.skip("NO BROWSER: the page was not tested. Install chromium (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_S * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={**os.environ, "HOME": str(served.folder)},
            args=["--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", *trusting],
        )
        yield browser
        await browser.close()


def key_hash(folder: Path) -> str:
    """The hash of the certificate's public key, as Chromium's option has it."""
    made = x509.load_pem_x509_certificate((folder / "lan" / "gateway" / "server.pem").read_bytes())
    key = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


async def test_phone_that_trusts_the_authority_can_speak(device: Browser, served: Served) -> None:
    context = await device.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    visitor = Visitor(await context.new_page(), page_url(served.address, served.ports).rstrip("/"))
    await visitor.arrive(f"/?probe=1#token={served.token}", device=True)
    assert await visitor.page.evaluate("isSecureContext")
    assert served.token not in visitor.page.url
    await visitor.start_listening()
    await expect(visitor.status_line).to_have_text("Listening")
    await eventually(lambda: visitor.log.commands("start_listening"), "the microphone is open")
    await visitor.page.screenshot(path=PICTURES / "lan-phone.png")
    visitor.check()
    await context.close()


async def test_device_of_the_qr_code_keeps_the_token_until_the_user_removes_it(device: Browser, served: Served) -> None:
    context = await device.new_context()
    address = page_url(served.address, served.ports).rstrip("/")
    first = Visitor(await context.new_page(), address)
    await first.arrive(f"/?probe=1#token={served.token}", device=True)
    await first.page.close()
    second = Visitor(await context.new_page(), address)
    await second.arrive(device=True)  # the storage of the first tab is gone
    await second.page.get_by_role("button", name="Settings").click()
    await second.page.get_by_role("button", name="Forget the token").click()
    await expect(second.page.get_by_text("The access token is removed")).to_be_visible()
    third = Visitor(await context.new_page(), address)
    await third.page.goto(address)
    await expect(third.page.get_by_label("Remember on this device")).not_to_be_checked()
    second.check()
    await context.close()


async def test_page_without_the_token_says_so(device: Browser, served: Served) -> None:
    context = await device.new_context()
    page = await context.new_page()
    await page.goto(page_url(served.address, served.ports))
    await expect(page.get_by_text(re.compile("token", re.IGNORECASE)).first).to_be_visible()
    assert await page.get_by_role("list", name="At the table").get_by_role("listitem").count() == 0
    await context.close()


@pytest.mark.parametrize("language", ["en-US", "de-DE", "es-ES"])
async def test_setup_page_leads_a_phone_to_the_certificate(device: Browser, served: Served, language: str) -> None:
    context = await device.new_context(
        viewport={"width": 390, "height": 844},
        locale=language,
        user_agent="Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    await page.goto(setup_url(served.address, served.ports))
    assert not await page.evaluate("isSecureContext")
    await expect(page.locator("html")).to_have_attribute("lang", language[:2])
    await expect(page.locator("details[open]")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") == "12px"
    await page.screenshot(path=PICTURES / f"lan-setup-{language[:2]}.png", full_page=True)
    assert not [error for error in errors if "favicon" not in error]
    await context.close()
