"""Finds the model's weights, and downloads them.

`python -m tertulia_tts.engines.higgs.weights` (`make higgs-models`) downloads the missing weights.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from tertulia_shared.settings import load
from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.higgs.settings import HiggsSettings

MODEL_REVISION = "10840182ca4ad5d9d9113b60b9bb3c1ef1ba3f84"
"""The revision of bosonai/higgs-audio-v2-generation-3B-base: the last one in boson-multimodal's format. On 2026-04-05
the files changed to the format of transformers' own implementation."""

PUBLISHED_MODEL = "bosonai/higgs-audio-v2-generation-3B-base"
MODEL_TYPE = "higgs_audio"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the sets of files that make up the weights: its purpose, the setting that names it, its name, and its
    required files.
    """

    what: str
    setting: str
    name: str
    needed: Sequence[str]

    @property
    def revision(self) -> str | None:
        """The revision of the repository; None means the newest."""
        return MODEL_REVISION if self.name == PUBLISHED_MODEL else None


@dataclass(frozen=True, slots=True)
class Weights:
    """The folders of the weights."""

    model: Path
    codec: Path
    hubert: Path


def parts(settings: HiggsSettings) -> tuple[Part, Part, Part]:
    """The parts, in the order of `Weights`."""
    return (
        Part("model", "TERTULIA_TTS_HIGGS_MODEL", settings.tts_higgs_model, ("config.json", "tokenizer.json")),
        Part("codec", "TERTULIA_TTS_HIGGS_CODEC", settings.tts_higgs_codec, ("config.json", "model.pth")),
        Part("HuBERT", "TERTULIA_TTS_HIGGS_HUBERT", settings.tts_higgs_hubert, ("config.json",)),
    )


def locate(settings: HiggsSettings) -> Weights:
    """Find the folders, without network access.

    Raises:
        EngineUnavailable: a folder is missing, incomplete or in another format; the message says what to do.
    """
    weights = Weights(*(_folder(part) for part in parts(settings)))
    config = json.loads((weights.model / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != MODEL_TYPE:
        raise EngineUnavailable(
            f"{weights.model} holds a model of the type {config.get('model_type')!r}, not {MODEL_TYPE!r}: "
            f"boson-multimodal reads {PUBLISHED_MODEL} at revision {MODEL_REVISION} or before (`make higgs-models`)"
        )
    return weights


def fetch(part: Part) -> Path:
    """Return the part's folder. Downloads the part from the Hugging Face Hub if necessary."""
    if Path(part.name).is_dir():
        return Path(part.name)
    return Path(snapshot_download(part.name, revision=part.revision))


def _folder(part: Part) -> Path:
    folder = Path(part.name)
    if not folder.is_dir():
        try:
            folder = Path(snapshot_download(part.name, revision=part.revision, local_files_only=True))
        except (LocalEntryNotFoundError, ValueError) as error:
            raise EngineUnavailable(
                f"Higgs Audio's {part.what} ({part.setting}={part.name}) is not on this machine: fetch it with "
                "`make higgs-models` where there is a network, or set it to a folder"
            ) from error
    missing = [name for name in part.needed if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailable(
            f"{folder.resolve()}, Higgs Audio's {part.what} ({part.setting}), lacks {', '.join(missing)}: "
            "fetch it again with `make higgs-models`"
        )
    return folder


def main() -> None:
    """Download the missing parts."""
    for part in parts(load(HiggsSettings)):
        print(f"higgs: {part.what}, {part.name}")  # noqa: T201 - for a person
        try:
            folder = fetch(part)
        except OSError as error:  # huggingface_hub raises this error if there is no network
            sys.exit(f"higgs: {part.name} cannot be fetched: {error}")
        print(f"higgs: {part.what} is in {folder}")  # noqa: T201 - for a person


if __name__ == "__main__":
    main()
