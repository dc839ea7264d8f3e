"""The engine `instant`: a quiet tone, for benchmarks and tests."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.settings import TTSSettings

ENGINE = EngineSpec("tertulia_tts.engines.instant.engine:create", TTSSettings)
