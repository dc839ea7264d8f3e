"""Finds Markdown lines that are wider than 120 columns, in all tracked files or the named ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

WIDTH_COLUMNS = 120


def tracked() -> list[Path]:
    """Every Markdown file that git tracks or could add."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed words
    return sorted(path for name in listed.split("\0") if name and (path := Path(name)).is_file())


def too_wide(paths: Iterable[Path]) -> list[str]:
    """`path:line: width` of each line that is too wide."""
    return [
        f"{path}:{number}: {len(line)} columns"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDTH_COLUMNS
    ]


def main() -> int:
    """The exit code: 1 if a line is too wide."""
    found = too_wide([Path(name) for name in sys.argv[1:]] or tracked())
    for line in found:
        print(line)
    if found:
        print(f"markdown: at most {WIDTH_COLUMNS} columns; break the line, or restructure the table")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
