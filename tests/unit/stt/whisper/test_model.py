from __future__ import annotations

import numpy as np
import pytest

from tertulia_stt.engines.whisper.model import Request

SPOKEN_S = 5


@pytest.mark.parametrize(("language", "tokens"), [("en", 19), ("cs", 38), ("th", 54), ("hi", 71)])
def test_longest_text_has_room_for_the_tokens_of_its_script(language: str, tokens: int) -> None:
    """`tokens`: what Whisper's tokenizer makes of "I was just thinking about lunch, …" in that language."""
    request = Request(np.zeros(SPOKEN_S * 16_000, np.float32), language, 10)
    assert request.max_tokens(language) > 1.5 * tokens
