"""TaskGroups wrap what goes wrong; whoever decides what it means wants the thing itself."""

from __future__ import annotations

from typing import cast


def first_error(error: BaseException) -> BaseException:
    """The error itself, or of a group the first that is in it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
