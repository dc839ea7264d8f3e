"""Reads the token counts that a model server reports at the end of a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tertulia_shared.usage import Usage, possible_usage


def usage_of(reported: Mapping[str, Any]) -> Usage:
    """The token counts of one response. Servers put the reasoning tokens into the details of the completion tokens."""
    usage = possible_usage(reported)
    details = reported.get("completion_tokens_details")
    if "reasoning_tokens" not in usage and isinstance(details, Mapping):
        nested = cast("Mapping[str, Any]", details).get("reasoning_tokens")
        usage |= possible_usage({"reasoning_tokens": nested})
    return usage
