"""The page that the build produces."""

from __future__ import annotations

import gzip
import json
import re
import struct
from pathlib import Path

SCRIPTS_MAX_BYTES = 150_000
ADDRESS = re.compile(r"""(?:https?:)?//[\w-]+\.[^\s"'`)]*""")
NAMESPACES = {
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/2000/svg",
}


def test_built_page_contains_no_url_of_another_host(built_page: Path) -> None:
    """XML namespaces are allowed: they look like URLs, but are never requested."""
    files = [path for path in built_page.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".js", ".css", ".html", ".webmanifest", ".png"}
    texts = [path for path in files if path.suffix != ".png"]
    found = {address for path in texts for address in ADDRESS.findall(path.read_text())}
    assert found <= NAMESPACES


def test_scripts_of_the_page_are_within_their_budget(built_page: Path) -> None:
    """As the gateway sends them: compressed by gzip."""
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in built_page.rglob("*.js")}
    assert sum(sizes.values()) <= SCRIPTS_MAX_BYTES, sizes


def test_built_page_can_be_installed(built_page: Path) -> None:
    """Browsers offer to install a page whose manifest has a name, an address and icons of these sizes."""
    assert 'rel="manifest"' in (built_page / "index.html").read_text()
    manifest = json.loads((built_page / "manifest.webmanifest").read_text())
    assert (manifest["name"], manifest["display"], manifest["start_url"]) == ("Tertulia", "standalone", "./")
    for icon in manifest["icons"]:
        width, height = struct.unpack(">II", (built_page / icon["src"]).read_bytes()[16:24])
        assert icon["sizes"] == f"{width}x{height}"
    assert {(icon["sizes"], icon.get("purpose", "any")) for icon in manifest["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
