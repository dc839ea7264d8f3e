"""The explanations of TLS errors."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tertulia_shared.tls import Tls, explained, hung_up


def unverified(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "OpenSSL's words"
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (unverified(10), "Redis' certificate has expired"),
        (unverified(9), "not valid yet"),
        (unverified(19), "unknown authority"),
        (unverified(62), "another name"),
        (unverified(23), "not trusted: OpenSSL's words"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "asks for our certificate"),
        (alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"), "our certificate has expired"),
        (alert("TLSV1_ALERT_UNKNOWN_CA"), "who made our certificate"),
        (alert("WRONG_VERSION_NUMBER"), "does not speak TLS"),
        (alert("SOMETHING_NEW"), "TLS to Redis failed: SOMETHING_NEW"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(getattr(value, "reason", "")),
)
def test_each_tls_error_is_explained_in_one_sentence(error: ssl.SSLError, said: str) -> None:
    wrapped = ConnectionError("Error 1 connecting")
    wrapped.__cause__ = error
    assert said in (explained(wrapped) or "")


def test_errors_without_relation_to_tls_get_no_tls_explanation() -> None:
    assert explained(ConnectionRefusedError(111, "refused")) is None
    assert hung_up(ConnectionResetError(104, "reset"))
    assert not hung_up(ConnectionRefusedError(111, "refused"))


def test_tls_file_that_is_not_a_certificate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not PEM")
    with pytest.raises(ValueError, match=r"TERTULIA_REDIS_CA: .*not a readable PEM"):
        Tls(ca=path).context()
    with pytest.raises(ValueError, match=r"TERTULIA_REDIS_CERT and TERTULIA_REDIS_KEY: .*not a readable PEM"):
        Tls(cert=path, key=path).context()
