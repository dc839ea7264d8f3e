"""TLS to Redis: the certificate files, and explanations of failed handshakes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files for a rediss:// URL. Without `ca` the system's authorities are trusted; without `cert` no client
    certificate is sent."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """The TLS context: the server's name is verified, against `ca` alone if it is given.

        Raises:
            ValueError: a file cannot be read, is not PEM, or certificate and key do not belong together.
        """
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"TERTULIA_REDIS_CA: {self.ca} is not a readable PEM certificate ({error})") from error
        if self.cert is not None:
            try:
                context.load_cert_chain(self.cert, self.key)
            except (OSError, ssl.SSLError) as error:
                raise ValueError(
                    f"TERTULIA_REDIS_CERT and TERTULIA_REDIS_KEY: {self.cert} and {self.key} are not a readable PEM "
                    f"certificate with its key ({error})"
                ) from error
        return context


def explained(error: BaseException) -> str | None:
    """Return an explanation of the error if it is about TLS, otherwise None.

    Python's error texts vary with its version; OpenSSL's verify codes and reasons do not.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _VERIFY.get(cause.verify_code, f"Redis' certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or str(cause)).upper()
            return next((text for part, text in _REASONS if part in reason), f"TLS to Redis failed: {cause.reason}")
    return None


def hung_up(error: BaseException) -> bool:
    """True if the other side closed the connection."""
    return any(isinstance(cause, ConnectionResetError | BrokenPipeError | EOFError) for cause in _causes(error)) or (
        "closed by server" in str(error)
    )


NOT_TAKEN = (
    "Redis seems to refuse our certificate: has it expired, is it of another authority, or is none set? "
    "`tertulia access list` and `box --renew` on Redis' machine help"
)
_CA = "is TERTULIA_REDIS_CA the authority that `tertulia access` made on Redis' machine?"
_NAME = (
    "Redis' certificate is for another name than the one in TERTULIA_REDIS_URL: use a name that it has, or make a "
    "new one with `tertulia access init --names`"
)
_VERIFY = {  # X509_V_ERR_…, openssl-verification-options(1)
    9: "Redis' certificate is not valid yet: is the clock of this machine right?",
    10: "Redis' certificate has expired: `tertulia access init` on Redis' machine renews it, then restart Redis",
    18: f"Redis' certificate is self-signed: {_CA}",
    19: f"Redis' certificate comes from an unknown authority: {_CA}",
    20: f"Redis' certificate comes from an unknown authority: {_CA}",
    21: f"Redis' certificate comes from an unknown authority: {_CA}",
    62: _NAME,
    64: _NAME,
}
_OURS = "set TERTULIA_REDIS_CERT and TERTULIA_REDIS_KEY to what `tertulia access box` gave out"
_REASONS = (
    ("CERTIFICATE_REQUIRED", f"Redis asks for our certificate: {_OURS}"),
    ("CERTIFICATE_EXPIRED", "our certificate has expired: `tertulia access box` on Redis' machine makes a new one"),
    ("UNKNOWN_CA", f"Redis does not know who made our certificate: {_OURS}"),
    ("BAD_CERTIFICATE", f"Redis does not take our certificate: {_OURS}"),
    ("HANDSHAKE_FAILURE", f"Redis does not take our certificate: {_OURS}"),
    ("WRONG_VERSION_NUMBER", "Redis does not speak TLS on that port: rediss:// needs its TLS port, redis:// the other"),
    ("RECORD_LAYER_FAILURE", "Redis does not speak TLS on that port: rediss:// needs its TLS port, redis:// the other"),
)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__ or next((a for a in error.args if isinstance(a, Exception)), None)
    return found
