"""Access control of the listener in the home network: always with a token, and only under the certificate's names."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from tertulia_gateway.auth import Access, Refusal
from tertulia_gateway.lan.site import LanSite
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.settings import GatewaySettings


class LanAccess(Access):
    """Checks requests that came by HTTPS from the home network."""

    def __init__(self, settings: GatewaySettings, site: LanSite) -> None:
        token = settings.token.get_secret_value() or site.files.token
        super().__init__(settings.model_copy(update={"token": SecretStr(token)}))
        self._site = site
        self._allowed_origins = frozenset(settings.origins)

    def refusal(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Refusal | None:
        """Check a request. Beside the checks of `Access`, the `Host` must be one of the certificate's names, and the
        origin must use HTTPS: a page that another machine has put in place of one by HTTP has the same host.
        """
        host = headers.get("host", "").lower()
        if not self._is_ours(host):
            reason = "This server has another name; add the one that you used to TERTULIA_LAN_NAMES."
            return Refusal(403, reason, ProblemCode.FOREIGN_HOST)
        origin = headers.get("origin", "").lower()
        if origin and origin not in self._allowed_origins and origin != f"https://{host}":
            reason = "This origin may not connect; add it to TERTULIA_ORIGINS."
            return Refusal(403, reason, ProblemCode.FOREIGN_ORIGIN)
        return super().refusal(headers, query)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name is not None and self._site.knows(name)
