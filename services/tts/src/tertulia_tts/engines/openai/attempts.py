"""What follows a request that failed before its first sound. Pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from tertulia_shared.retry_after import wait_before_retry
from tertulia_tts.engine import SynthesisFailed
from tertulia_tts.engines.openai.request_body import REFUSED, next_form
from tertulia_tts.engines.openai.speech_client import SpeechRefused, SpeechServer

FIRST_BACKOFF_S = 0.2
FORGOTTEN: Final = frozenset({400, 404, 422})
"""Status codes with which servers refuse a voice that they do not know."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do before the next request. `uploads`: upload the voices again, because the server may have lost them."""

    wait_s: float = 0.0
    uploads: bool = False


class Attempts:
    """The requests for one text at a speed. `form`: the form of the next request."""

    def __init__(self, server: SpeechServer, form: int, speed: float = 1.0) -> None:
        self.form = form
        self._speed = speed
        self._server = server
        self._first_form = form
        self._failed = 0
        self._can_upload = bool(server.clips) and server.uploads

    def after(self, failure: SynthesisFailed) -> Step:
        """The step after this failure. Raises the failure if there is none."""
        status = failure.status if isinstance(failure, SpeechRefused) else 0
        fewer = next_form(self.form, self._speed)
        if status in REFUSED and fewer is not None:
            self.form = fewer
            return Step()
        if status in FORGOTTEN and self._can_upload:
            self._can_upload = False
            self.form = self._first_form
            return Step(uploads=True)
        asked_s = failure.wait_s if isinstance(failure, SpeechRefused) else None
        wait_s = wait_before_retry(self._failed, asked_s, FIRST_BACKOFF_S)
        if not failure.retryable or self._failed == self._server.retries or wait_s is None:
            raise failure
        self._failed += 1
        log.warning("the speech server failed, trying again: %s", failure)
        return Step(wait_s)
