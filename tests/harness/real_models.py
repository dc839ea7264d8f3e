"""Where the real models are, for the tests that need them; every other test sees no models (`tests.conftest`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tertulia_shared.weights import folder_of

REAL_MODELS = Path(os.environ["TERTULIA_TEST_MODELS_DIR"])


def needs_models(*names: str) -> pytest.MarkDecorator:
    """Skips tests where one of these models is not installed."""
    return pytest.mark.skipif(
        any(folder_of(name, REAL_MODELS) is None for name in names),
        reason=f"no models in {REAL_MODELS}: tertulia fetch-models {' '.join(names)}",
    )
