"""The speech engines, one module each, behind the port in ``tertulia_tts.engine``."""
