"""Exit codes, and the error that carries one. `main` prints the error.

0    done
1    failed: a service died, a reply failed, the default setup cannot run
2    wrong usage: an option, a setting, a file
3    no connection: no gateway listens there, refused, or permanently lost
4    connected, but no answer in time
130  stopped with Ctrl-C (`run` ends with 0, because Ctrl-C is its normal end)
"""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
NO_CONNECTION: Final = 3
NO_ANSWER: Final = 4
STOPPED: Final = 130


class Failure(Exception):
    """Ends the command with the exit code `code`; the message is shown to the user."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
