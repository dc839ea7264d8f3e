from __future__ import annotations

from typing import Any

import pytest

from tertulia_llm.model.usage import usage_of


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({}, {}),
        ({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}, {"prompt_tokens": 4, "completion_tokens": 2}),
        ({"completion_tokens_details": {"reasoning_tokens": 7}}, {"reasoning_tokens": 7}),
        ({"reasoning_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 7}}, {"reasoning_tokens": 5}),
        ({"completion_tokens_details": None, "cost": 0.5}, {"cost": 0.5}),
        ({"completion_tokens_details": {"reasoning_tokens": "many"}, "cost": "free", "prompt_tokens": True}, {}),
    ],
)
def test_known_token_counts_are_read(reported: dict[str, Any], usage: dict[str, float]) -> None:
    assert usage_of(reported) == usage
