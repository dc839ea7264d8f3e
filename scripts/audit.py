"""Looks for known vulnerabilities in the pinned packages: `make audit`.

pip-audit (in an environment of its own) reads each requirements file, `npm audit` the page's lock file. A row
without advisory data says "no data", which is neither clean nor a failure. Exits 1 if anything is vulnerable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIP_AUDIT = "pip-audit==2.10.1"
TIMEOUT_S = 300
ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "services/gateway/web"


@dataclass(frozen=True, slots=True)
class Result:
    """One file's result: packages looked up, packages without data, and vulnerabilities."""

    name: str
    checked: int = 0
    unknown: int = 0
    vulnerable: tuple[str, ...] = ()
    reason: str = ""
    """The reason for missing data."""

    @property
    def verdict(self) -> str:
        """The state in one or two words."""
        if self.vulnerable:
            return "VULNERABLE"
        if not self.checked:
            return "no data"
        return "clean" if not self.unknown else "partly no data"


def read_pip(name: str, code: int, out: str, err: str) -> Result:
    """The result in pip-audit's JSON."""
    try:
        found: list[dict[str, Any]] = json.loads(out)["dependencies"]
    except (ValueError, KeyError):
        return Result(name, reason=_last(err) or f"pip-audit ended with {code}")
    checked = [package for package in found if "skip_reason" not in package]
    vulnerable = tuple(
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in checked
        for flaw in package["vulns"]
    )
    skipped = [package["skip_reason"] for package in found if "skip_reason" in package]
    return Result(name, len(checked), len(skipped), vulnerable, skipped[0] if skipped else "")


def read_npm(name: str, code: int, out: str, err: str) -> Result:
    """The result in npm's JSON."""
    try:
        report: dict[str, Any] = json.loads(out)
        flaws: dict[str, dict[str, Any]] = report["vulnerabilities"]
        count = int(report["metadata"]["dependencies"]["total"])
    except (ValueError, KeyError):
        return Result(name, reason=_last(err) or f"npm audit ended with {code}")
    return Result(name, count, 0, tuple(f"{package}: {flaw['severity']}" for package, flaw in flaws.items()))


def table(results: Sequence[Result]) -> list[str]:
    """The report's lines."""
    lines = [f"{'file':36}{'checked':>9}{'no data':>9}  verdict"]
    lines += [f"{each.name:36}{each.checked:9}{each.unknown:9}  {each.verdict}" for each in results]
    lines += [f"  {each.name}: {flaw}" for each in results for flaw in each.vulnerable]
    reasons = {each.reason for each in results if each.reason and not each.checked}
    lines += [f"no data: {reason}" for reason in sorted(reasons)]
    return lines


def main() -> int:
    """Audit all files; returns 1 if anything is vulnerable."""
    files = sorted((ROOT / "requirements").rglob("*.txt"))
    probe = _pip(ROOT / "requirements/tools.txt")
    # if one file shows that no advisory data can be fetched, the others are not looked up
    results = [_pip(file) for file in files] if probe.checked else [Result("requirements", reason=probe.reason)]
    path = f"{ROOT / '.tools/node'}:{os.environ.get('PATH', '')}"
    results.append(read_npm("package-lock.json", *_run(["npm", "audit", "--json"], WEB, {**os.environ, "PATH": path})))
    print("\n".join(table(results)))
    return 1 if any(each.vulnerable for each in results) else 0


def _pip(file: Path) -> Result:
    command = [str(ROOT / ".tools/bin/uv"), "tool", "run", "--quiet", "--from", PIP_AUDIT, "pip-audit"]
    command += ["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off", "--requirement"]
    return read_pip(str(file.relative_to(ROOT)), *_run([*command, str(file)], ROOT))


def _run(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, "", str(error)
    return done.returncode, done.stdout, done.stderr


def _last(text: str) -> str:
    lines = text.strip().splitlines() or [""]
    return next((line for line in lines if "rror" in line or "Not Allowed" in line), lines[-1])[:200]


if __name__ == "__main__":
    sys.exit(main())
