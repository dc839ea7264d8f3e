"""deploy/upgrade.sh --no-build, with a `docker` that only writes down what it is asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "upgrade.sh"
DOCKER = """\
#!/usr/bin/env bash
echo "$*" >>"$CALLS"
case "$*" in
    *"config --images") printf '%s\\n' tertulia-gateway:0.1.0 redis:7-alpine tertulia-tts:0.1.0 ;;
    *"config --services") printf '%s\\n' access gateway stt llm tts redis ;;
    "image inspect "*) [[ " $HERE " == *" $3 "* ]] ;;
esac
"""


def upgrade(place: Path, *options: str, here: str) -> tuple[subprocess.CompletedProcess[str], Sequence[str]]:
    """Run the script; returns its outcome and the calls of `docker`. `here`: the images that exist."""
    docker = place / "docker"
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    calls = place / "calls"
    environment = {"PATH": f"{place}:{os.environ['PATH']}", "CALLS": str(calls), "HERE": here}
    done = subprocess.run(
        [SCRIPT, *options], env=environment, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    return done, calls.read_text(encoding="utf-8").splitlines()


def test_way_back_replaces_nothing_if_an_image_is_missing(tmp_path: Path) -> None:
    done, calls = upgrade(tmp_path, "--no-build", here="tertulia-gateway:0.1.0")
    assert done.returncode == 1
    assert "these images are not here: tertulia-tts:0.1.0." in done.stderr
    assert [call for call in calls if " up " in call or "build" in call or call.startswith("stop")] == []


def test_way_back_uses_the_images_that_are_here(tmp_path: Path) -> None:
    done, calls = upgrade(
        tmp_path, "--no-build", "-f", "docker-compose.yml", here="tertulia-gateway:0.1.0 tertulia-tts:0.1.0"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "compose -f docker-compose.yml build" not in calls
    for service in ("access redis", "stt", "llm", "tts", "gateway"):
        assert f"compose -f docker-compose.yml up --detach --no-build {service}" in calls


def test_upgrade_builds_first(tmp_path: Path) -> None:
    done, calls = upgrade(tmp_path, here="")
    assert (done.returncode, done.stderr) == (0, "")
    assert calls[0] == "compose build"
