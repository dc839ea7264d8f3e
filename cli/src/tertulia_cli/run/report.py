"""What `tertulia run` tells the person who started it: a line an event, and how to go on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from tertulia_cli.run.logfile import readable
from tertulia_cli.run.restarts import Restart
from tertulia_cli.run.service import Lost

NAME_WIDTH: Final = 8


class Report:
    """Prints; lines are never wrapped, so that they can be copied and searched."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._seen: set[str] = set()

    def starting(self, data_dir: Path) -> None:
        """It begins."""
        self._console.print(Text.assemble(("Tertulia", "bold"), f" starts; its data is in {data_dir}"))

    def metrics(self, host: str, ports: Mapping[str, int]) -> None:
        """Where each service will serve its metrics."""
        (first, port), *others = ports.items()
        shown = f"[{host}]" if ":" in host else host
        where = [f"http://{shown}:{port}/metrics ({first})", *(f":{port} ({name})" for name, port in others)]
        self._console.print(f"  Metrics: {', '.join(where)}")

    def ready(self, name: str, what: str = "") -> None:
        """A service works; `what` says as what (its engine, its address)."""
        again = "is back" if name in self._seen else ""
        self._seen.add(name)
        words = " ".join(filter(None, (again, f"({what})" if what else "")))
        self._console.print(Text.assemble(("  ✓ ", "green"), f"{name:<{NAME_WIDTH}} {words}".rstrip()))

    def slow(self, name: str, log: Path) -> None:
        """A service takes long to come up."""
        self._console.print(Text.assemble(("  … ", "yellow"), f"{name} is not ready yet; its log: {log}"))

    def open(self, url: str, *, demo: bool, token: bool, logs: Path) -> None:
        """Everything works: where to go."""
        hint = "  (add ?token= and your TERTULIA_TOKEN)" if token else ""
        self._console.print()
        self._console.print(Text.assemble("  Open ", (url, "bold cyan"), hint))
        if demo:
            self._console.print(
                "  The demo model answers: scripted replies. For a language model set OPENROUTER_API_KEY"
            )
            self._console.print("  (or TERTULIA_LLM_BASE_URL) in the environment or in .env, and start again.")
        self._console.print(f"  Ctrl-C stops everything. Logs: {logs}")
        self._console.print()

    def restarting(self, name: str, restart: Restart) -> None:
        """A service died and is started again."""
        when = f"in {restart.after_s:g} s" if restart.after_s >= 1 else "now"
        self._console.print(Text.assemble(("  ! ", "yellow"), f"{name} {restart.why}; it is started again {when}"))

    def lost(self, lost: Lost) -> None:
        """A service is given up, and everything with it."""
        if lost.verdict.refused and lost.explanation:
            self._console.print(Text.assemble(("  ✗ ", "red"), f"{lost.name} did not start:"))
        else:
            self._console.print(Text.assemble(("  ✗ ", "red"), f"{lost.name} {lost.verdict.why}; it said last:"))
        for line in (lost.explanation or "(nothing)").splitlines():
            self._console.print(Text(f"      {line}"))
        self._console.print(Text(f"    The whole log: {lost.log}"))

    def stopping(self) -> None:
        """Asked to stop."""
        self._console.print("  stopping (Ctrl-C again to kill)")

    def killing(self) -> None:
        """Asked twice."""
        self._console.print("  killed")

    def stopped(self) -> None:
        """Nothing runs any more."""
        self._console.print("  stopped")

    def log_line(self, name: str, line: str) -> None:
        """A service's log line, for those who asked to see them."""
        self._console.print(Text.assemble((f"{name:>{NAME_WIDTH}} | ", "dim"), readable(line)))
