from typing import Any

HubertConfig: Any
LlamaConfig: Any
PreTrainedTokenizerFast: Any

class HubertModel:
    def __init__(self, config: Any) -> None: ...
    @classmethod
    def from_pretrained(cls, folder: Any) -> HubertModel: ...
    def save_pretrained(self, folder: Any) -> None: ...
