from __future__ import annotations

import pytest

from tertulia_shared.bus import BusUnavailable, NotOwner, Stale, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, UnknownVersion
from tertulia_shared.work import BadWork, Ending, RetryLater, ending_of

ENDINGS = [
    (None, Ending.FINISH),
    (Stale("x"), Ending.FINISH),
    (NotOwner("x"), Ending.LOST),
    (BadWork("x"), Ending.DEAD),
    (BadEntry("x"), Ending.DEAD),
    (UnknownVersion(7), Ending.NEWER),
    (RetryLater("x"), Ending.RETRY),
    (BusUnavailable("x"), Ending.INTERRUPTED),
    (WritesPaused("x"), Ending.INTERRUPTED),
    (WriteRefused("x"), Ending.RETRY),
    (ZeroDivisionError("x"), Ending.RETRY),
]


@pytest.mark.parametrize(("error", "ending"), ENDINGS)
def test_every_error_of_a_handler_has_an_ending(error: BaseException | None, ending: Ending) -> None:
    assert ending_of(error) is ending


@pytest.mark.parametrize(("error", "ending"), ENDINGS[1:])
def test_exception_group_has_the_ending_of_its_first_error(error: Exception, ending: Ending) -> None:
    assert ending_of(ExceptionGroup("", [ExceptionGroup("", [error]), ValueError("later")])) is ending
