"""`tertulia doctor`: prints a line for each check, with advice for failed ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tertulia_cli.doctor import engine_findings, findings, lan_findings, problem_findings
from tertulia_cli.doctor.findings import Finding
from tertulia_cli.doctor.model_server import ask_model_server
from tertulia_cli.doctor.speech_servers import ask_speech_servers
from tertulia_cli.exit_codes import FAILED, OK
from tertulia_cli.run.readiness import gateway_status
from tertulia_cli.settings import RunSettings
from tertulia_shared.weights.remedy import in_image


async def doctor(settings: RunSettings) -> int:
    """Run the checks and print the report. `FAILED` if the setup cannot run or the running services are not ready."""
    status = await gateway_status(settings.reachable_host, settings.port)
    installed = findings.part(findings.PARTS[0]).ok
    if not installed and (status is not None or in_image()):  # the services run elsewhere, in containers
        found = [findings.python(), findings.elsewhere(settings, status), *await findings.redis_answer(settings)]
        found += await problem_findings.reported(settings)
        # a worker that has just ended may be missing here before the gateway reports it
        found += [each for each in await engine_findings.workers(settings) if each not in found]
        found += await engine_findings.engines_in_use(settings)
        show(Console(file=sys.stdout, highlight=False, soft_wrap=True), found, elsewhere=True)
        return verdict(found)
    problems = await (problem_findings.found_here if status is None else problem_findings.reported)(settings)
    found = [
        findings.python(),
        *(findings.part(part) for part in findings.PARTS),
        *engine_findings.engines(settings),
        findings.redis_server(settings),
        *await findings.redis_answer(settings),
        *problems,
        *findings.unexplained(status, problems),
        *await engine_findings.engines_in_use(settings),
        findings.port(settings, running=status is not None),
        *lan_findings.lan(settings, running=status is not None),
        findings.data_dir(settings),
        *findings.store(settings),
        findings.model(settings),
        *await ask_model_server(settings),
        *await ask_speech_servers(settings),
        findings.page(),
    ]
    show(Console(file=sys.stdout, highlight=False, soft_wrap=True), found)
    return verdict(found)


def verdict(found: Sequence[Finding]) -> int:
    """The exit code: `FAILED` if a needed part is missing."""
    return OK if all(each.ok or not each.needed for each in found) else FAILED


def show(console: Console, found: Sequence[Finding], *, elsewhere: bool = False) -> None:
    """Print the report: ✓ present, ✗ missing and needed, - missing and optional."""
    for each in found:
        mark, style = ("✓", "green") if each.ok else ("✗", "red") if each.needed else ("-", "yellow")
        advice = f"  → {each.advice}" if each.advice else ""
        console.print(Text.assemble((f"{mark} ", style), each.what, (advice, "dim")))
    wrong = sum(1 for each in found if each.needed and not each.ok)
    console.print()
    if wrong:
        console.print(
            Text(f"{wrong} thing(s) that {'this' if elsewhere else 'the default'} setup needs are missing.", "red")
        )
    elif elsewhere:
        console.print(Text("The running setup has everything it needs.", "green"))
    else:
        console.print(Text("The default setup has everything it needs: `tertulia run` starts it.", "green"))
