from typing import Any

HiggsAudioConfig: Any
HiggsAudioModel: Any
