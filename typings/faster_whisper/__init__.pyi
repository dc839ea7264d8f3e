from collections.abc import Iterable
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray

class Segment:
    text: str

class TranscriptionInfo:
    language: str
    language_probability: float

class WhisperModel:
    def __init__(
        self,
        model_size_or_path: str,
        device: str = "auto",
        device_index: int | list[int] = 0,
        compute_type: str = "default",
        cpu_threads: int = 0,
        num_workers: int = 1,
        download_root: str | None = None,
        local_files_only: bool = False,
    ) -> None: ...
    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView: ...
    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterable[Segment], TranscriptionInfo]: ...

def available_models() -> list[str]: ...
def download_model(
    size_or_id: str,
    output_dir: str | None = None,
    local_files_only: bool = False,
    cache_dir: str | None = None,
) -> str: ...
