"""The output of `tertulia run`: one line for each event, with the next step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from tertulia_cli.run.logfile import readable
from tertulia_cli.run.restarts import Restart
from tertulia_cli.run.service import ServiceFailure

NAME_WIDTH: Final = 8


class Report:
    """Prints lines without wrapping, so that they can be copied and searched."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._seen: set[str] = set()
        self.after_open: Callable[[], None] = lambda: None
        """Prints what follows the address of the page."""

    def starting(self, data_dir: Path) -> None:
        """Report that the start begins."""
        self._console.print(Text.assemble(("Tertulia", "bold"), f" starts; its data is in {data_dir}"))

    def metrics(self, host: str, ports: Mapping[str, int]) -> None:
        """Report the addresses of the services' metrics."""
        (first, port), *others = ports.items()
        shown = f"[{host}]" if ":" in host else host
        where = [f"http://{shown}:{port}/metrics ({first})", *(f":{port} ({name})" for name, port in others)]
        self._console.print(f"  Metrics: {', '.join(where)}")

    def measuring(self, engine: str) -> None:
        """Report that the speed of a speech engine is measured."""
        self._console.print(f"  Measuring how fast {engine} speaks on this machine (once) …")

    def measured(self, engine: str, result: str) -> None:
        """Report the result of the measurement."""
        self._console.print(f"  {engine}: {result}")

    def engine_passed_over(self, engine: str, instead: str, reason: str) -> None:
        """Report that `auto` uses a simpler engine, and the remedy."""
        self._console.print(Text.assemble(("  ! ", "yellow"), f"{instead} is used instead of {engine}: {reason}"))

    def ready(self, name: str, what: str = "") -> None:
        """Report that a service is ready; `what` is its engine or address."""
        again = "is back" if name in self._seen else ""
        self._seen.add(name)
        words = " ".join(filter(None, (again, f"({what})" if what else "")))
        self._console.print(Text.assemble(("  ✓ ", "green"), f"{name:<{NAME_WIDTH}} {words}".rstrip()))

    def slow(self, name: str, log: Path) -> None:
        """Report that a service takes long to start."""
        self._console.print(Text.assemble(("  … ", "yellow"), f"{name} is not ready yet; its log: {log}"))

    def open(self, url: str, *, demo: bool, token: bool, logs: Path) -> None:
        """Report that the page is served, with its address."""
        hint = "  (add ?token= and your TERTULIA_TOKEN)" if token else ""
        self._console.print()
        self._console.print(Text.assemble("  Open ", (url, "bold cyan"), hint))
        if demo:
            self._console.print(
                "  The demo answers: its replies are scripted. To connect a language model, press “demo”"
            )
            self._console.print(
                "  in the page, or set OPENROUTER_API_KEY or TERTULIA_LLM_BASE_URL in .env and restart."
            )
        self._console.print(f"  Ctrl-C stops everything. Logs: {logs}")
        self._console.print()
        self.after_open()

    def all_ready(self) -> None:
        """Report that every service is ready."""
        self._console.print("  All services are ready.")

    def restarting(self, name: str, restart: Restart) -> None:
        """Report that a service died and is restarted."""
        when = f"in {restart.after_s:g} s" if restart.after_s >= 1 else "now"
        self._console.print(Text.assemble(("  ! ", "yellow"), f"{name} {restart.why}; restarting {when}"))

    def gave_up(self, failure: ServiceFailure) -> None:
        """Report that a service is given up, so everything stops."""
        if failure.verdict.refused and failure.explanation:
            self._console.print(Text.assemble(("  ✗ ", "red"), f"{failure.name} did not start:"))
        else:
            why = f"{failure.name} {failure.verdict.why}; its last output:"
            self._console.print(Text.assemble(("  ✗ ", "red"), why))
        for line in (failure.explanation or "(nothing)").splitlines():
            self._console.print(Text(f"      {line}"))
        self._console.print(Text(f"    The whole log: {failure.log}"))

    def stopping(self) -> None:
        """Report that a stop was requested."""
        self._console.print("  stopping (Ctrl-C again to kill)")

    def killing(self) -> None:
        """Report that a stop was requested twice."""
        self._console.print("  killed")

    def stopped(self) -> None:
        """Report that all processes have ended."""
        self._console.print("  stopped")

    def log_line(self, name: str, line: str) -> None:
        """Print a service's log line (`--verbose`)."""
        self._console.print(Text.assemble((f"{name:>{NAME_WIDTH}} | ", "dim"), readable(line)))
