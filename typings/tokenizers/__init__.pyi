from typing import Any

Tokenizer: Any
decoders: Any
models: Any
pre_tokenizers: Any
