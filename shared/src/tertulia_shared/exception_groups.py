"""Unwraps the first exception of an ExceptionGroup that a TaskGroup raised."""

from __future__ import annotations

from typing import cast


def first_error(error: BaseException) -> BaseException:
    """The error itself, or the first one in a group."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
