"""A client of the gateway's REST API, for the commands about characters."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.exit_codes import FAILED, NO_ANSWER, NO_CONNECTION, Failure

TIMEOUT_S: Final = 90.0
"""Seconds for one request. A portrait of a large picture takes up to 40 s."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatewayRest:
    """The REST API of the gateway at `address`."""

    address: GatewayAddress
    timeout_s: float = TIMEOUT_S

    def import_card(self, file: bytes, *, name: str, voice: str) -> dict[str, Any]:
        """Create a character of a card file. Raises: Failure."""
        query = urlencode({"name": name, "voice": voice})
        return cast("dict[str, Any]", json.loads(self._ask("POST", f"/api/characters/import?{query}", file)))

    def characters(self) -> list[dict[str, Any]]:
        """All characters. Raises: Failure."""
        return cast("list[dict[str, Any]]", json.loads(self._ask("GET", "/api/characters"))["characters"])

    def card(self, character_id: str, form: str) -> bytes:
        """The card of a character, "json" or "png". Raises: Failure."""
        return self._ask("GET", f"/api/characters/{quote(character_id, safe='')}/card?format={form}")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {**self.address.headers, "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(self._url(path), body, headers, method=method)  # noqa: S310 - http or https
        handlers = [urllib.request.ProxyHandler({})] if self.address.is_local else []
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=self.timeout_s) as response:
                return cast("bytes", response.read(MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            raise Failure(_refusal(error), FAILED) from None
        except TimeoutError:
            raise Failure(f"no answer from {self._url('')} within {self.timeout_s:g} s.", NO_ANSWER) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            hint = " (its certificate is not trusted here)" if isinstance(reason, ssl.SSLError) else ""
            raise Failure(
                f"no gateway answers at {self._url('')}{hint}: {reason}. Is `make run` running?", NO_CONNECTION
            ) from None

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
