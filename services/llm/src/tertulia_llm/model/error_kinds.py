"""Tells from a model server's words and codes what its error is about. Pure."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.model.server_error import ServerError

QUOTA_CODES: Final = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_balance",
        "credits_required",
        "budget_exceeded",
        "credit_limit",
        "exceeded_current_quota_error",
        "arrearage",
        "1113",  # Zhipu
        "1008",  # MiniMax
    }
)
_QUOTA = re.compile(
    r"insufficient[ _](account )?(balance|credits?|funds|quota)|balance is (insufficient|too low)"
    r"|(not enough|out of|more|any) credits|\bno credits(?! (were|was|will|have) )|used all available credits"
    r"|(monthly|included) credits|credit limit exceeded|payment required|spending limit|key limit exceeded"
    r"|budget (has been )?exceeded|exceeded ?budget|over budget|余额不足|欠费",
    re.IGNORECASE,
)
_SOFT_QUOTA = re.compile(r"exceeded your current quota", re.IGNORECASE)
"""Gemini says so of rate limits, too, but then says how long to wait."""
_LONG_LIMIT = re.compile(
    r"(per|/)[ _-]?(day|month)\b|PerDay|PerMonth|\b(daily|monthly)\b|\((RPD|TPD)\)|free-models-per-day", re.IGNORECASE
)
_CONTENT_CODES: Final = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "datainspectionfailed",
        "responsibleaipolicyviolation",
        "invalid_prompt",
        "moderation_error",
        "1301",  # Zhipu
    }
)
_CONTENT = re.compile(
    r"\bflagged\b|requires moderation|content (management |safety )?policy|content filter|inappropriate content"
    r"|usage (policy|policies|guidelines)|safety (filter|system)|prohibited content|敏感内容|违规内容",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(
    r"api[ _-]?key\b.{0,20}\b(not valid|invalid|expired|incorrect|not found|missing|revoked)"
    r"|\b(invalid|incorrect|wrong|missing|expired|no) (api|x-api)[ _-]?key|authentication credentials"
    r"|\b(not authenticated|unauthenticated|unauthorized)\b",
    re.IGNORECASE,
)
_CANNOT_LOAD = re.compile(
    r"requires more (system )?memory|failed to load model|could not load model|insufficient system resources"
    r"|not enough (system |gpu )?(memory|vram)",
    re.IGNORECASE,
)
NO_MODEL_CODES: Final = frozenset(
    {
        "model_not_found",
        "model_not_exist",
        "unknown_model",
        "invalid_model",
        "model_decommissioned",
        "model_not_available",
        "model_not_supported",
    }
)
_NO_MODEL = re.compile(
    r"model\b.{0,120}\b(not found|does not exist|doesn't exist|not exist|not loaded)"
    r"|not a valid model|no such model|unknown model|invalid model|no models? (is |are )?loaded|model unloaded"
    r"|no endpoints found(?! (matching|that) )|unable to (find|access).{0,20} model|model\b.{0,80}\bdecommissioned"
    r"|does not support chat\b|not a chat model",
    re.IGNORECASE,
)
_NO_ENDPOINT = re.compile(r"unexpected endpoint|endpoint not found|no such (route|endpoint)|cannot post", re.IGNORECASE)
_RAN_OUT = re.compile(r"\b(max_tokens|output limit|token limit)\b.{0,40} (was|has been) reached", re.IGNORECASE)
_CLIENT_ERRORS: Final = frozenset({400, 403, 422, 451})
"""Statuses with which a content filter refuses a prompt."""
_KEY_REFUSED: Final = frozenset({400, 403, 422})
"""Statuses with which some servers refuse a key. The words must then say so."""


def is_about_the_model(error: ServerError) -> bool:
    """True if the server says that it does not have the model."""
    return bool(error.codes & NO_MODEL_CODES or "model" in error.params or _NO_MODEL.search(error.text))


def is_about_credit(error: ServerError) -> bool:
    """True if the account has no credit left; to wait does not help then."""
    soft = error.retry_after_s is None and _SOFT_QUOTA.search(error.text)
    return bool(error.codes & QUOTA_CODES or _QUOTA.search(error.text) or soft)


def is_about_content(error: ServerError, status: int) -> bool:
    """True if the server's content filter refuses the prompt."""
    by_code = bool(error.codes & _CONTENT_CODES)
    return status in _CLIENT_ERRORS and (by_code or (error.page_title is None and bool(_CONTENT.search(error.text))))


def cannot_load(error: ServerError) -> bool:
    """True if the server cannot load the model, mostly because it has not enough memory."""
    return bool(_CANNOT_LOAD.search(error.text))


def is_about_the_address(error: ServerError) -> bool:
    """True if the server says that it has nothing at the address of the request."""
    return bool(_NO_ENDPOINT.search(error.text))


def is_about_the_key(error: ServerError, status: int) -> bool:
    """True if the server refuses the key, though with the status of another error."""
    return status in _KEY_REFUSED and bool(_BAD_KEY.search(error.text))


def ran_out_of_tokens(error: ServerError) -> bool:
    """True if the model wrote nothing before it reached the limit of the reply's tokens."""
    return bool(_RAN_OUT.search(error.text))


def is_long_limit(error: ServerError) -> bool:
    """True for a limit of a day or a month; to wait a moment does not help then."""
    return bool(_LONG_LIMIT.search(error.text))
