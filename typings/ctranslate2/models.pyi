from collections.abc import Sequence
from typing import Any

from ctranslate2 import StorageView

class Whisper:
    is_multilingual: bool

    def __init__(
        self,
        model_path: str,
        device: str = "cpu",
        *,
        compute_type: str = "default",
        inter_threads: int = 1,
        intra_threads: int = 0,
    ) -> None: ...
    def encode(self, features: StorageView, to_cpu: bool = False) -> StorageView: ...
    def detect_language(self, features: StorageView) -> list[list[tuple[str, float]]]: ...
    def generate(
        self,
        features: StorageView,
        prompts: Sequence[Sequence[int]],
        *,
        beam_size: int = 5,
        max_length: int = 448,
        return_scores: bool = False,
        return_no_speech_prob: bool = False,
    ) -> list[Any]: ...
