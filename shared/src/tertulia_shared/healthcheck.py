"""`python -m tertulia_shared.healthcheck URL`: exit 0 if the URL answers 200, else 1 with the answer.

A container's health check: the images have no curl.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT_S = 4.0


def why_not(url: str) -> str:
    """The reason why the service at `url` is not healthy; "" if it is healthy."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        body = answer.read(500).decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        return f"{url} does not answer: {error}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{url} answers {answer.status}: {body}"  # noqa: PLR2004 - HTTP's OK


def main() -> None:
    """Exit with the status that the module docstring describes."""
    if reason := why_not(sys.argv[1]):
        sys.exit(reason)


if __name__ == "__main__":
    main()
