"""The page that the build produces."""

from __future__ import annotations

import re
from pathlib import Path

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
    assert {path.suffix for path in files} == {".js", ".css", ".html"}
    found = {address for path in files for address in ADDRESS.findall(path.read_text())}
    assert found <= NAMESPACES
