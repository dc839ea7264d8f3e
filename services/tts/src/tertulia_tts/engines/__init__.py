"""The speech engines, one module each, behind the port in ``tertulia_tts.engine``.

Each is imported only where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from tertulia_tts.engine import EngineUnavailable, EngineUnknown, SpeechEngine
from tertulia_tts.settings import TTSSettings

ENGINES: Mapping[str, str] = {
    "espeak": "tertulia_tts.engines.espeak.engine:EspeakEngine",
    "higgs": "tertulia_tts.engines.higgs.engine:HiggsEngine",
    "instant": "tertulia_tts.engines.instant:InstantEngine",
    "openai": "tertulia_tts.engines.openai:OpenAIEngine",
}
"""Engine name to ``module:class``."""


def load_engine(name: str, settings: TTSSettings | None = None) -> SpeechEngine:
    """An engine of that name, not yet started; without ``settings`` it has their defaults.

    Raises:
        EngineUnknown: no engine of that name; the message lists those that exist.
        EngineUnavailable: its dependencies are not installed, or its settings cannot be used.
    """
    target = ENGINES.get(name)
    if target is None:
        raise EngineUnknown(f"no speech engine is called {name!r}; choose one of: {', '.join(sorted(ENGINES))}")
    module_name, _, class_name = target.partition(":")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise EngineUnavailable(
            f"the speech engine {name!r} cannot be imported: {error}. Install its dependencies with "
            f"'pip install tertulia-tts[{name}]', or choose another engine"
        ) from error
    made: Any = getattr(module, class_name)
    if hasattr(made, "from_settings"):
        return cast("SpeechEngine", made.from_settings(settings or TTSSettings.model_construct()))
    return cast("SpeechEngine", made())
