"""Access control by token, `Origin` and `Host`. No I/O.

Without a token, only programs on this machine can connect. One of them is the browser, and a page of another site that
the browser shows could send requests. Such a page is recognized by its `Origin`; if it uses DNS rebinding (its own
domain name resolves to this machine, so that both have the same origin), by the `Host`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tertulia_gateway.problem_codes import Params, ProblemCode
from tertulia_gateway.settings import GatewaySettings, is_loopback

OWN_SITES = frozenset({"none", "same-origin"})
"""The values of `Sec-Fetch-Site` for requests of this server's own page, and for an address that the user typed.

Requests with another value need an `Origin`, which is compared with the allowed origins.
"""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers that proxies add."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The HTTP status and the reason of a refused request; `code` and `params` are the reason for programs."""

    status: int
    reason: str
    code: ProblemCode
    params: Params = field(default_factory=dict[str, str | float])


class AccessRefused(Exception):
    """A request is refused after it was routed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class Access:
    """Checks requests by their headers (lower-case names) and query."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._token = settings.token.get_secret_value().encode()
        self._origins = frozenset(settings.origins)
        self._hosts = frozenset(urlsplit(origin).netloc for origin in settings.origins)

    def refusal(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Refusal | None:
        """Check a request. Returns the refusal; None if the request is allowed. A GET is checked as well: a page of
        another site cannot read the response, but the server would do the work.
        """
        host = headers.get("host", "").lower()
        if self._token:
            if not hmac.compare_digest(_shown_token(headers, query).encode(), self._token):
                reason = "Token missing or wrong: show TERTULIA_TOKEN as ?token= or as a Bearer token."
                return Refusal(401, reason, ProblemCode.TOKEN_MISSING)
        elif not (_is_this_machine(_without_port(host)) or host in self._hosts):
            reason = "This server answers to localhost only; add its address to TERTULIA_ORIGINS."
            return Refusal(403, reason, ProblemCode.FOREIGN_HOST)
        origin = headers.get("origin", "").lower()
        if origin and origin not in self._origins and urlsplit(origin).netloc != host:
            reason = "This origin may not connect; add it to TERTULIA_ORIGINS."
            return Refusal(403, reason, ProblemCode.FOREIGN_ORIGIN)
        if not origin and headers.get("sec-fetch-site", "none").lower() not in OWN_SITES:
            reason = "Pages of other sites may not ask this; add their origin to TERTULIA_ORIGINS."
            return Refusal(403, reason, ProblemCode.FOREIGN_ORIGIN)
        return None

    def configuration_refusal(self, headers: Mapping[str, str]) -> Refusal | None:
        """Check a request, which `refusal` allows, that changes the installation: it needs the token, or if there is
        none, must come from this machine. A proxy of an allowed origin also connects from this machine, so its
        requests do not count.
        """
        if self._token:
            return None
        origin = urlsplit(headers.get("origin", "")).hostname
        host = _without_port(headers.get("host", "").lower())
        is_local = _is_this_machine(host) and (origin is None or _is_this_machine(origin))
        if is_local and not any(name in headers for name in FORWARDED):
            return None
        reason = "Only the page on this machine may set this, or with TERTULIA_TOKEN any page that has it."
        return Refusal(403, reason, ProblemCode.CONFIGURATION_FORBIDDEN)


def _shown_token(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else query.get("token", "")


def _is_this_machine(host: str) -> bool:
    """True for loopback addresses, `localhost`, and names below it. Browsers resolve those names to this machine
    (RFC 6761, section 6.3), so no other site can use one for DNS rebinding. In containers, the command `tertulia`
    reaches the gateway by such a name.
    """
    return is_loopback(host) or host.endswith(".localhost")


def _without_port(host: str) -> str:
    return host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
