"""What each program of the command does around its work: prints errors, and exits with their codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import NoReturn

from tertulia_cli.exit_codes import FAILED, STOPPED, Failure
from tertulia_shared.exception_groups import first_error


def print_everywhere() -> None:
    """On a terminal without UTF-8, print "?" instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def exit_after(do: Callable[[], int]) -> NoReturn:
    """Exit with the code that `do` returns, or with that of its error, which is printed."""
    raise SystemExit(_finish(do))


def _finish(do: Callable[[], int]) -> int:
    try:
        return do()
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:  # `tertulia … | head`: the reader has exited
        sys.stderr.close()
        return FAILED
    except Failure as failure:
        return _print_failure(failure)
    except BaseExceptionGroup as group:
        ending, others = group.split((Failure, BrokenPipeError))
        if ending is None or others is not None:
            raise
        return _finish(lambda: _raise(first_error(ending)))


def _raise(error: BaseException) -> int:
    raise error


def _print_failure(failure: Failure) -> int:
    print(f"tertulia: {failure}", file=sys.stderr)
    return failure.code
