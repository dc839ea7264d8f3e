"""Sends requests to the gateway's REST API, for the commands that need no conversation."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit, urlunsplit

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.exit_codes import FAILED, NO_ANSWER, NO_CONNECTION, Failure

TIMEOUT_S: Final = 90.0
"""Seconds for one request. A portrait of a large picture takes up to 40 s."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
BINARY: Final = "application/octet-stream"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class RestClient:
    """The REST API of the gateway at `address`."""

    address: GatewayAddress
    timeout_s: float = TIMEOUT_S

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = BINARY) -> bytes:
        """Send one request and return the body of the answer. `kind`: the media type of `body`.

        Raises:
            Failure: the gateway refused it or the answer is too long (FAILED), it did not answer in time (NO_ANSWER),
                or cannot be reached (NO_CONNECTION).
        """
        answer = bytearray()
        for piece in self.pieces(method, path, body, kind):
            answer += piece
            if len(answer) > MAX_ANSWER_BYTES:
                raise Failure(f"the answer is longer than {MAX_ANSWER_BYTES} bytes.", FAILED)
        return bytes(answer)

    def pieces(self, method: str, path: str, body: bytes | None = None, kind: str = BINARY) -> Iterator[bytes]:
        """Send one request and yield the body of the answer while it arrives. Closing the iterator ends the request.

        Raises:
            Failure: as for `ask`; or the answer broke off (NO_CONNECTION).
        """
        headers = {**self.address.headers, "Content-Type": kind}
        request = urllib.request.Request(self._url(path), body, headers, method=method)  # noqa: S310 - http or https
        handlers = [urllib.request.ProxyHandler({})] if self.address.is_local else []
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=self.timeout_s) as response:
                while piece := response.read(PIECE_BYTES):
                    yield piece
        except urllib.error.HTTPError as error:
            raise Failure(_refusal(error), FAILED) from None
        except TimeoutError:
            raise Failure(f"no answer from {self._url('')} within {self.timeout_s:g} s.", NO_ANSWER) from None
        except http.client.IncompleteRead:
            raise Failure("the gateway broke the answer off before its end; its log says why.", NO_CONNECTION) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            hint = " (its certificate is not trusted here)" if isinstance(reason, ssl.SSLError) else ""
            raise Failure(
                f"no gateway answers at {self._url('')}{hint}: {reason}. Is `make run` running?", NO_CONNECTION
            ) from None

    def ask_json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send one request with JSON, and return the JSON object of the answer.

        Raises:
            Failure: see `ask`; or the answer is not a gateway's.
        """
        data = None if body is None else json.dumps(body).encode()
        try:
            answer: object = json.loads(self.ask(method, path, data, JSON))
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Failure(f"{self._url('')} is not a Tertulia gateway: --url names another one.", FAILED)
        return cast("dict[str, Any]", answer)

    def _url(self, path: str) -> str:
        parts = urlsplit(self.address.url)
        scheme = "https" if parts.scheme == "wss" else "http"
        return urlunsplit((scheme, parts.netloc, "", "", "")) + path


def _refusal(error: urllib.error.HTTPError) -> str:
    """The detail of an RFC 9457 response, or the status."""
    try:
        detail: object = json.loads(error.read(65_536)).get("detail")
    except (ValueError, AttributeError):
        detail = None
    return detail if isinstance(detail, str) and detail else f"the gateway refused it: {error.code} {error.reason}."
