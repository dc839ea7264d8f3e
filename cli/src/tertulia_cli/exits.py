"""How the command ends: exit codes, and the error that carries one. Rendered once, in `main`.

0    done
1    it was tried and failed: a service died, a reply failed, the default setup cannot run
2    asked for the wrong thing: an option, a setting, a file
3    no connection: nothing listens there, refused, or lost for good
4    connected, but no answer came in time
130  stopped with Ctrl-C (`run` ends with 0: stopping it is how it ends)
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
    """Ends the command; the message is what the person reads, `code` the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
