"""Looks for known vulnerabilities in what is pinned: `make audit`.

pip-audit (in an environment of its own) reads each requirements file, `npm audit` the page's lock file. Where advisory
data cannot be had, a row says "no data", which is neither clean nor a failure. Exits 1 if anything is vulnerable.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIP_AUDIT = "pip-audit==2.10.1"
TIMEOUT_S = 300
ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "services/gateway/web"


@dataclass(frozen=True, slots=True)
class Result:
    """One file: how many packages were looked up, how many could not be, and what is vulnerable."""

    name: str
    checked: int = 0
    unknown: int = 0
    vulnerable: tuple[str, ...] = ()
    reason: str = ""
    """Why there is no data."""

    @property
    def verdict(self) -> str:
        """In one word or two."""
        if self.vulnerable:
            return "VULNERABLE"
        if not self.checked:
            return "no data"
        return "clean" if not self.unknown else "partly no data"


def read_pip(name: str, code: int, out: str, err: str) -> Result:
    """What pip-audit's JSON says."""
    try:
        found: list[dict[str, Any]] = json.loads(out)["dependencies"]
    except (ValueError, KeyError):
        return Result(name, reason=_last(err) or f"pip-audit ended with {code}")
    checked = [package for package in found if "skip_reason" not in package]
    vulnerable = tuple(
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no release'}"
        for package in checked
        for flaw in package["vulns"]
    )
    skipped = [package["skip_reason"] for package in found if "skip_reason" in package]
    return Result(name, len(checked), len(skipped), vulnerable, skipped[0] if skipped else "")


def read_npm(name: str, code: int, out: str, err: str) -> Result:
    """What npm's JSON says."""
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
    lines += [f"no data: {reason}" for reason in sorted(reasons)[:3]]
    return lines


def main() -> int:
    """Audit everything; 1 if anything is vulnerable."""
    pip = [str(ROOT / ".tools/bin/uv"), "tool", "run", "--quiet", "--from", PIP_AUDIT, "pip-audit"]
    pip += ["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off", "--requirement"]
    results = [
        read_pip(str(file.relative_to(ROOT)), *_run([*pip, str(file)], ROOT))
        for file in sorted((ROOT / "requirements").rglob("*.txt"))
    ]
    results.append(read_npm(str((WEB / "package-lock.json").relative_to(ROOT)), *_run(["npm", "audit", "--json"], WEB)))
    print("\n".join(table(results)))
    return 1 if any(each.vulnerable for each in results) else 0


def _run(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, "", str(error)
    return done.returncode, done.stdout, done.stderr


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if "ERROR" in line or "rror" in line]
    return (lines or text.strip().splitlines() or [""])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
