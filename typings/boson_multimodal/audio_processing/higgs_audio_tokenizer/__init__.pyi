from typing import Any

AutoModel: Any
dac2: Any
HiggsAudioTokenizer: Any
