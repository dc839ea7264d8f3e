"""The page that explains how a device trusts the authority, and the authority's certificate: all that is served by
plain HTTP in the home network.

It has no script, sets nothing, and reads only the headers that choose the language, the device and the address.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tertulia_gateway.lan.languages import DEVICES, device_of, language_of
from tertulia_gateway.lan.site import LanSite

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "de", "es")
CERTIFICATE_PATH = "/tertulia-ca.crt"
METHODS = ("GET", "HEAD")
STYLE = (TEXTS / "style.css").read_text(encoding="utf-8")
LAYOUT = Template((TEXTS / "layout.html").read_text(encoding="utf-8"))
PAGES = {name: Template((TEXTS / f"{name}.html").read_text(encoding="utf-8")) for name in LANGUAGES}
TITLES = {"en": "Trust this Tertulia", "de": "Diesem Tertulia vertrauen", "es": "Confiar en este Tertulia"}

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, User-Agent, Host",
}


class SetupPage:
    """The ASGI application. `https_port`: of the gateway's own page."""

    def __init__(self, site: LanSite, https_port: int) -> None:
        self._site = site
        self._https_port = https_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await self._answer(scope["method"], scope["path"], Headers(scope=scope))(scope, receive, send)

    def _answer(self, method: str, path: str, headers: Headers) -> Response:
        if path not in ("/", CERTIFICATE_PATH):
            return Response("There is only one page here: /\n", 404, HEADERS, "text/plain")
        if method not in METHODS:
            return Response("Only GET and HEAD.\n", 405, {**HEADERS, "Allow": ", ".join(METHODS)}, "text/plain")
        if path == CERTIFICATE_PATH:
            return Response(self._site.files.authority, 200, HEADERS, "application/x-x509-ca-cert")
        return Response(self._page(headers), 200, HEADERS, "text/html")

    def _page(self, headers: Headers) -> str:
        language = language_of(headers.get("accept-language", ""), LANGUAGES)
        device = device_of(headers.get("user-agent", ""))
        body = PAGES[language].substitute(
            certificate=CERTIFICATE_PATH,
            fingerprint=escape(self._site.files.fingerprint),
            address=escape(self._address(headers.get("host", ""))),
            **{f"open_{name}": " open" if name == device else "" for name in DEVICES},
        )
        return LAYOUT.substitute(language=language, title=TITLES[language], style=STYLE, body=body)

    def _address(self, host: str) -> str:
        """The gateway's address, with the name by which the device has reached this page, if it is one of ours."""
        names = self._site.files.names
        try:
            asked = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            asked = ""
        name = asked if self._site.knows(asked) else names[0]
        return f"https://{f'[{name}]' if ':' in name else name}:{self._https_port}/"
