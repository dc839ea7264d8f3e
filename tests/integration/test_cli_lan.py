"""`tertulia run --lan` and `tertulia lan` as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.harness.eventually import eventually
from tests.harness.lan import get, trusting
from tests.servers.redis_server import free_ports

TERTULIA = [sys.executable, "-m", "tertulia_cli.main"]
STOP_S = 40.0
pytestmark = pytest.mark.timeout(240)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a command. The certificate is also for loopback, so that the test needs no network."""
    port = free_ports(3)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "OPENROUTER_"))}
    return inherited | {
        "TERTULIA_PORT": str(port),
        "TERTULIA_LAN_PORT": str(port + 1),
        "TERTULIA_LAN_SETUP_PORT": str(port + 2),
        "TERTULIA_LAN_NAMES": "127.0.0.1",
        "TERTULIA_DATA_DIR": str(folder / "data"),
        "TERTULIA_TTS_ENGINE": "espeak",
        "TERTULIA_STT_ENGINE": "pocketsphinx",
        **settings,
    }


def tertulia(env: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*TERTULIA, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100
    )


def start(env: dict[str, str], folder: Path, out: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a command that writes into the file `out`."""
    with out.open("wb") as written:
        return subprocess.Popen([*TERTULIA, *words], cwd=folder, env=env, stdout=written, stderr=written)


async def shows(process: subprocess.Popen[bytes], out: Path, pattern: str) -> re.Match[str]:
    """Wait until the output of a running command matches the pattern."""

    def look() -> re.Match[str] | None:
        assert process.poll() is None, out.read_text()
        return re.search(pattern, out.read_text())

    return await eventually(look, f"{pattern!r} from the command")


async def test_run_with_lan_serves_a_device_that_trusts_its_authority(tmp_path: Path) -> None:
    env = environment(tmp_path)
    out = tmp_path / "out.txt"
    process = start(env, tmp_path, out, "run", "--lan")
    try:
        port, token = (await shows(process, out, r"https://127\.0\.0\.1:(\d+)/#token=(\S+)")).groups()
        await shows(process, out, "All services are ready")
        shown = out.read_text()
        assert f"Open http://127.0.0.1:{env['TERTULIA_PORT']}" in shown
        assert "█▀" in shown or "█ ▄" in shown

        status, setup, _ = get(f"http://127.0.0.1:{env['TERTULIA_LAN_SETUP_PORT']}/")
        fingerprint = re.search(r"must be ([0-9A-F:]{95})", shown)
        assert status == 200
        assert fingerprint is not None
        assert fingerprint[1] in setup.decode()

        authority = tmp_path / "data" / "lan" / "gateway" / "ca.crt"
        url = f"wss://127.0.0.1:{port}/ws?token={token}"
        async with connect(url, proxy=None, ssl=trusting(authority)) as client:
            await client.send(json.dumps({"type": "user_message", "data": {"text": "Luna, hello!", "turn_id": TURN}}))
            kinds: set[str] = set()
            while "audio_complete" not in kinds:
                frame = await client.recv()
                kinds.add("audio" if isinstance(frame, bytes) else json.loads(frame)["type"])
        assert "audio" in kinds

        assert tertulia(env, tmp_path, "say", "Hello Rex").returncode == 0, "this machine needs no token"
        doctor = tertulia(env, tmp_path, "doctor").stdout
        assert "HTTPS in the home network: certificate for 127.0.0.1" in doctor
        logs = "".join(path.read_text() for path in (tmp_path / "data" / "logs").glob("*.log"))
        assert token not in logs
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0, out.read_text()
    finally:
        process.kill()
        process.wait(STOP_S)


TURN = "0198c0de-0000-7000-8000-000000000001"


def test_run_with_lan_and_a_used_port_says_which_setting_to_change(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with socket.create_server(("0.0.0.0", int(env["TERTULIA_LAN_PORT"]))):
        refused = tertulia(env, tmp_path, "run", "--lan")
    assert refused.returncode == 1
    assert f"port {env['TERTULIA_LAN_PORT']} is in use" in refused.stderr
    assert "TERTULIA_LAN_PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_run_with_lan_and_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lan").write_text("a file in the place of the folder")
    refused = tertulia(environment(tmp_path), tmp_path, "run", "--lan")
    assert refused.returncode == 1
    assert f"{tmp_path / 'data' / 'lan'}" in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_lan_command_keeps_its_authority_and_ends_on_sigterm(tmp_path: Path) -> None:
    env = environment(tmp_path)
    first = tertulia(env, tmp_path, "lan", "--once", "--dir", "lan", "--gid", str(os.getgid()))
    again = tertulia(env, tmp_path, "lan", "--once", "--dir", "lan", "--gid", str(os.getgid()))
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert "A new certificate authority was made" in first.stdout
    assert "made" not in again.stdout
    assert (tmp_path / "lan" / "gateway" / "server.pem").stat().st_mode & 0o777 == 0o440
    assert (tmp_path / "lan" / "authority" / "ca.pem").stat().st_mode & 0o777 == 0o400

    out = tmp_path / "out.txt"
    process = start(env, tmp_path, out, "lan", "--dir", "lan")
    try:
        await shows(process, out, "access token")
        process.terminate()
        assert process.wait(STOP_S) == 0
    finally:
        process.kill()
        process.wait(STOP_S)
