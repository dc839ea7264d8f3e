"""The doctor's questions to the model server. The llm worker's code asks them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Final

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.doctor.server_check import ServerCheck, run_check
from tertulia_cli.settings import RunSettings

CHECK: Final = ServerCheck(
    "tertulia_llm.check", "model server", "check TERTULIA_LLM_BASE_URL and the network"
)  # fmt: skip


async def ask_model_server(settings: RunSettings) -> Sequence[Finding]:
    """Ask the model server for its models and for a reply of a few tokens. No findings if the demo model answers."""
    if settings.demo or importlib.util.find_spec("tertulia_llm") is None:
        return []
    return await run_check(CHECK)
