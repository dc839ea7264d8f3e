"""The setting of every engine that clones voices."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tertulia_tts.settings import TTSSettings


class CloningSettings(TTSSettings):
    """The folder of the cloned voices."""

    voices_dir: Path = Field(
        Path("voices"),
        description="folder of the voices to clone (tertulia voice add --folder); for higgs, and openai if it clones",
    )
