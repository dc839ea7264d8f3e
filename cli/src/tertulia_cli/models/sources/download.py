"""Source: files of a web server. An interrupted download continues where it stopped."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final, cast

from tertulia_cli.models.progress import Progress
from tertulia_cli.models.sources.failure import SourceFailed, is_disk_full
from tertulia_cli.models.sources.pieces import BLOCK
from tertulia_shared.version import __version__
from tertulia_shared.weights import Download, WeightFile

TIMEOUT_S: Final = 20.0
"""Longest wait for the connection, and for the next bytes."""


def from_web(source: Download, files: Sequence[WeightFile], folder: Path, work: Path, progress: Progress) -> None:
    """Put the files into `folder`; incomplete downloads are in `work`.

    Raises:
        SourceFailed: the server cannot be reached, or refuses a file.
        OSError: the disk is full.
    """
    for file in files:
        part = work / f"{file.sha256}.part"
        try:
            download(source.base + file.name, file.size, part, progress)
        except SourceFailed as failure:
            raise SourceFailed(f"{file.name}: {failure}") from failure
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)


def download(url: str, size: int, part: Path, progress: Progress) -> None:
    """Download a file of this size into `part`, or the rest of it.

    Raises:
        SourceFailed: the server cannot be reached, or refuses the file.
        OSError: the disk is full.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        _continue(url, size, part, progress)
    except (OSError, http.client.HTTPException) as error:
        if is_disk_full(error):
            raise
        raise SourceFailed(_reason(error)) from error


def _continue(url: str, size: int, part: Path, progress: Progress) -> None:
    """Download the rest of the file into `part`."""
    have = part.stat().st_size if part.is_file() else 0
    if have > size:
        part.unlink()
        have = 0
    if have == size:
        progress.advance(size)
        return
    headers = {"User-Agent": f"tertulia/{__version__}"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the addresses are in the registry
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
        resumed = response.status == HTTPStatus.PARTIAL_CONTENT
        expected = size - (have if resumed else 0)
        _check(response, expected)
        progress.advance(size - expected)
        with part.open("ab" if resumed else "wb") as out:
            _copy(response, out, expected, progress)


def _check(response: http.client.HTTPResponse, expected: int) -> None:
    """Refuse another content before it is written: the next attempt would continue it. A network with a login page
    answers every request with that page.
    """
    if response.headers.get_content_type() == "text/html":
        raise OSError("the server sent a web page; does this network ask for a login?")
    if response.length not in (None, expected):
        raise OSError(f"the server sent {response.length} bytes, not {expected}")


def _copy(response: Any, out: IO[bytes], expected: int, progress: Progress) -> None:
    """Copy the response; reads at most one block more than expected, so that a wrong file ends soon."""
    got = 0
    while got <= expected and (block := cast("bytes", response.read(BLOCK))):
        out.write(block)
        progress.advance(len(block))
        got += len(block)
    if got != expected:
        raise OSError(f"the server sent {got} bytes, not {expected}")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"no connection ({error.reason})"
    return str(error) or type(error).__name__
