"""The command that fetches missing models, as error texts show it. In the containers, `tertulia fetch-models` cannot
write to the volume of the models; the job `models` of docker-compose.yml can.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

IMAGE_PREFIX: Final = "/opt/tertulia"
"""The folder in which the Dockerfiles install the packages."""


def in_image() -> bool:
    """True if this process runs in a container of one of Tertulia's images."""
    return sys.prefix == IMAGE_PREFIX


def fetch_command(names: Sequence[str] = ()) -> str:
    """The command that fetches these models; without names, those of the chosen engines."""
    if not in_image():
        return " ".join(["tertulia fetch-models", *names])
    return " ".join(["docker compose run --rm models", *(("fetch-models", *names) if names else ())])
