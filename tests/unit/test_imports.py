"""What a process of Tertulia imports at its start: each library costs memory and time in every process."""

from __future__ import annotations

import subprocess
import sys

import pytest

LARGE = ("cryptography", "openai", "redis")
"""Libraries that are not needed before somebody uses a certain function, or not at all."""


@pytest.mark.parametrize(
    "module",
    [
        "tertulia_cli.run.command",
        "tertulia_gateway.main",
        "tertulia_llm.main",
        "tertulia_stt.main",
        "tertulia_tts.main",
    ],
)
def test_process_starts_without_large_libraries(module: str) -> None:
    program = f"import sys, {module}; print(*[name for name in {LARGE!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.split() == []


def test_command_imports_no_other_command() -> None:
    program = (
        "import sys, tertulia_cli.main; tertulia_cli.main.parser('run');"
        "print(*{'tertulia_cli.client', 'tertulia_cli.inspect', 'websockets'}.intersection(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.split() == []


def test_program_that_supervises_imports_no_settings() -> None:
    program = (
        "import sys, tertulia_cli.run.supervise;"
        "print(*{'pydantic', 'tertulia_cli.settings', 'tertulia_shared.settings'}.intersection(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.split() == []


@pytest.mark.parametrize("module", ["tertulia_stt.main", "tertulia_tts.main"])
def test_workers_without_a_store_do_not_import_it(module: str) -> None:
    program = f"import sys, {module}; print(*{{'sqlite3', 'tertulia_shared.store'}}.intersection(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.split() == []


def test_numpy_is_not_imported_before_somebody_speaks() -> None:
    program = "import sys, tertulia_stt.main, tertulia_stt.engines.pocketsphinx.engine; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "False"
