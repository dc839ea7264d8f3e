from typing import Any

from boson_multimodal.data_types import ChatMLSample

class ChatMLDatasetSample:
    def __init__(self, **fields: Any) -> None: ...

def prepare_chatml_sample(sample: ChatMLSample, tokenizer: Any) -> tuple[list[int] | None, Any, Any, Any]: ...
