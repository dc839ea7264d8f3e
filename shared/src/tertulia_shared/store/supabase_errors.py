"""Converts the error replies of Supabase to the port's errors.

PostgREST returns the database's SQLSTATE or a code of its own (PGRST…); the API gateway before it returns only a
status. An unknown error counts as an unavailable store: the write is kept and retried. The database's error texts are
dropped: they may quote a row.
"""

from __future__ import annotations

from typing import Final

import httpx
from postgrest.exceptions import APIError

from tertulia_shared.store.errors import InvalidRecord, NotFound, StoreError, StoreUnavailable, StoreUnusable

_KEY_ADVICE: Final = "set SUPABASE_KEY to the service role key."
_SET_UP: Final = {
    **dict.fromkeys(
        ("401", "403", "42501", "PGRST300", "PGRST301", "PGRST302", "PGRST303"),
        f"it refuses the key ({{code}}): {_KEY_ADVICE}",
    ),
    # a missing table, column or function
    **dict.fromkeys(
        ("42P01", "42703", "42883", "PGRST106", "PGRST202", "PGRST204", "PGRST205"),
        "the tables are missing ({code}): apply supabase/migrations, for example with `supabase db push`.",
    ),
}
"""Errors that a person must fix, by code."""
GONE_CODE: Final = "PT404"
ELSEWHERE_CODE: Final = "PT409"
UNIQUE_CODE: Final = "23505"


class UniqueViolation(StoreError):
    """Another row already has this value."""


class GateRefused(httpx.HTTPError):
    """The API gateway before PostgREST refused the key."""


async def note_status(response: httpx.Response) -> None:
    """A hook for the HTTP client: the API gateway's 401 has no error code.

    Raises:
        GateRefused: the reply is such a 401.
    """
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise GateRefused(f"status {response.status_code}")


def translated(error: Exception, *, opening: bool = False) -> StoreError:
    """Convert to the port's error.

    An error that a person must fix is `StoreUnusable` while `opening`; later the store counts as unavailable.
    """
    if isinstance(error, GateRefused):
        return _for_a_person(f"it refuses the key ({error}): {_KEY_ADVICE}", opening=opening)
    if not isinstance(error, APIError):
        reason = str(error) or "no answer in time"
        return StoreUnavailable(f"The database does not answer ({type(error).__name__}: {reason}).")
    code = str(error.code or "")
    set_up = _SET_UP.get(code)
    if set_up is not None:
        return _for_a_person(set_up.format(code=code), opening=opening)
    if opening and code == "404":
        return StoreUnusable("there is no Supabase at this address: set SUPABASE_URL to the project's URL.")
    return _refused(code, str(error.details)) or StoreUnavailable(
        f"The database cannot be used now ({code or 'no code'})."
    )


def _refused(code: str, detail: str) -> StoreError | None:
    """The error for a fault of the request itself, if the code names one."""
    if code == GONE_CODE:
        return NotFound("conversation", detail)
    if code == ELSEWHERE_CODE:
        return InvalidRecord("message.id", f"{detail} is a message of another conversation")
    if code == UNIQUE_CODE:
        return UniqueViolation("Another row already has this value.")
    if code.startswith(("22", "23")):
        return InvalidRecord("record", f"refused by the database (SQLSTATE {code})")
    return None


def _for_a_person(what: str, *, opening: bool) -> StoreError:
    return StoreUnusable(what) if opening else StoreUnavailable(f"The database cannot be used: {what}")
