from typing import Any

class HiggsAudioServeEngine:
    model: Any
    tokenizer: Any
    audio_tokenizer: Any
    collator: Any
    kv_caches: dict[int, Any]
    samples_per_token: int
    audio_num_codebooks: int
    audio_codebook_size: int
    def __init__(
        self, model_name_or_path: str, audio_tokenizer_name_or_path: str, *, device: str, kv_cache_lengths: list[int]
    ) -> None: ...
