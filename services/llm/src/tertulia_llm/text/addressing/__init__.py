"""Decides which characters answer a user's remark. Being mentioned is not being addressed."""

from tertulia_llm.text.addressing.decision import (
    Answerer,
    Reason,
    Remark,
    Seat,
    asks_for_discussion,
    decide,
    prepare,
)

__all__ = ["Answerer", "Reason", "Remark", "Seat", "asks_for_discussion", "decide", "prepare"]
