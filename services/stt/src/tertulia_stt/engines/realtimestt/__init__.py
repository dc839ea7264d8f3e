"""The engine `realtimestt`: voice activity detection, endpointing and Whisper, one recorder per listening session.

settings       the engine's settings
engine         loads the models, makes sessions
session        one session: feeds audio in real time, yields events in the port's order
callbacks      the functions that a recorder calls: they report what it detects to the session
recorder       one `AudioToTextRecorder`, made within a time limit
whisper        the models that all sessions share, and checks that they can run
ordering       maps the recorder's callbacks to the port's events (pure)
throttle       decides when the next piece of audio is due (pure)
silence_clock  measures silence by audio instead of wall time (pure)
"""

from __future__ import annotations

from tertulia_stt.engine import EngineSpec
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings

ENGINE = EngineSpec(
    "tertulia_stt.engines.realtimestt.engine:create",
    RealtimeSTTSettings,
    modules=("RealtimeSTT", "torch"),
    install="pip install 'tertulia-stt[realtimestt]' (in a checkout: make setup-stt)",
    environment=".venv-stt",
)
