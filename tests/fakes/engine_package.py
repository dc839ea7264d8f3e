"""The metadata of a package that offers engines by entry points, as `pip install` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NAME = "tertulia-test-engines"


def offer_engines(folder: Path, group: str, engines: Mapping[str, str], package: str = NAME) -> Path:
    """Write the package's metadata into `folder`, which the caller adds to the import path.

    `engines` maps each engine's name to the `module:attribute` of its spec.
    """
    info = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in engines.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
