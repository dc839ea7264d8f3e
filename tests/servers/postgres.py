"""A PostgreSQL with the project's migrations, and PostgREST before it; a test kills and restarts them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.servers.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted((ROOT / "supabase" / "migrations").glob("*.sql"))
FIRST_CHARACTERS = next(path for path in MIGRATIONS if path.stem.endswith("_first_characters"))
START_S = 30.0
STEP_S = 60.0
"""Time limit for a program that ends by itself."""
STILL_HELD = "pre-existing shared memory block"
"""The error while child processes of a killed PostgreSQL still run."""
JWT_SECRET = "a-secret-of-the-tests-that-is-long-enough"  # noqa: S105 - a test database
UNPRIVILEGED = ("postgres", "nobody")
"""Neither program runs as root: the first of these users that exists runs them."""

# What Supabase has before any migration: its roles, its generous default grants, its Realtime publication. In Supabase
# the service role bypasses row-level security; here it does not, so that the tests exercise the policies.
SUPABASE = """
create role anon nologin;
create role authenticated nologin;
create role service_role nologin;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
create role owner login;
grant create on database postgres to owner;
alter schema public owner to owner;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role owner in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role owner in schema public grant all on functions to anon, authenticated, service_role;
set role owner;
create publication supabase_realtime;
"""
EMPTY = (
    "delete from public.conversations; delete from public.documents; delete from public.characters;"
    " delete from public.seeds;"  # faster than truncate
)


class NoPostgres(RuntimeError):
    """PostgreSQL or PostgREST is missing; the message says how to get it."""


def find_postgres() -> Path:
    """Find the folder of initdb and postgres, which Debian keeps off PATH; the newest version.

    Raises:
        NoPostgres: PostgreSQL is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if on_path is None and not found:
        raise NoPostgres("the Supabase tests need PostgreSQL; install it, e.g. with `apt-get install postgresql`")
    return (found[-1] if found else Path(on_path or "").resolve()).parent


def find_postgrest() -> Path:
    """The path of PostgREST; downloads it first if necessary.

    Raises:
        NoPostgres: the download fails.
    """
    done = subprocess.run([ROOT / "scripts" / "postgrest.sh"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoPostgres(f"the Supabase tests need PostgREST: {done.stderr.strip() or 'it cannot be fetched'}")
    return Path(done.stdout.strip())


class Database:
    """`with Database() as database:` applies the migrations and runs PostgREST at `port`."""

    def __init__(self) -> None:
        self._bin = find_postgres()
        self._postgrest_binary = find_postgrest()
        self._folder = Path(tempfile.mkdtemp(prefix="tertulia-postgres-"))
        self._user = next(name for name in UNPRIVILEGED if _exists(name)) if os.getuid() == 0 else None
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._last_words = ""
        self._postgres: subprocess.Popen[bytes] | None = None
        self._postgrest: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._admin_port = free_port()

    def __enter__(self) -> Self:
        try:
            if self._user is not None:
                shutil.chown(self._folder, self._user)
            # a copy, because that user may have no access to the checkout
            binary = shutil.copy(self._postgrest_binary, self._folder / "postgrest")
            self._run(
                "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
            )
            self.start()
            self.sql(SUPABASE)
            self.migrate()
            self._postgrest = self._popen(
                [str(binary)],
                PGRST_DB_URI=f"postgresql://authenticator@/postgres?host={self._folder}",
                PGRST_DB_SCHEMAS="public",
                PGRST_DB_ANON_ROLE="anon",
                PGRST_DB_MAX_ROWS="1000",
                PGRST_JWT_SECRET=JWT_SECRET,
                PGRST_SERVER_HOST="127.0.0.1",
                PGRST_SERVER_PORT=str(self.port),
                PGRST_ADMIN_SERVER_PORT=str(self._admin_port),
                PGRST_LOG_LEVEL="crit",
            )
            self._until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._postgrest is not None:
            self._postgrest.kill()
            self._postgrest.wait()
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- the database itself

    def start(self) -> None:
        """Start PostgreSQL, and wait until it accepts connections."""
        assert self._postgres is None, "it is running already"
        deadline = time.monotonic() + START_S
        while not self._comes_up(deadline):
            if time.monotonic() > deadline or STILL_HELD not in self._last_words:
                raise NoPostgres(f"PostgreSQL did not come up:\n{self.log()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Send SIGKILL to the parent process; its children exit a little later."""
        if self._postgres is not None:
            self._postgres.kill()
            self._postgres.wait()
            self._postgres = None

    @property
    def running(self) -> bool:
        """Whether it was started and not killed."""
        return self._postgres is not None

    def sql(self, text: str, *, user: str = "postgres") -> str:
        """Run SQL, by default as the superuser; returns the output."""
        done = self._psql(text, user=user)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def migrate(self) -> None:
        """Apply every migration as the owner of the schema, which is not a superuser (like Supabase's `postgres`)."""
        for migration in MIGRATIONS:
            self.sql(migration.read_text(encoding="utf-8"), user="owner")

    def empty(self) -> None:
        """Reset the rows to those of freshly applied migrations."""
        self.sql(EMPTY + FIRST_CHARACTERS.read_text(encoding="utf-8"))

    def log(self) -> str:
        """The end of both programs' logs."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])

    # --

    def _comes_up(self, deadline: float) -> bool:
        """Start PostgreSQL once; False if it ends (`_last_words` has its output) or accepts no connection in time."""
        begun = self._log.stat().st_size if self._log.exists() else 0
        self._postgres = self._popen(
            [
                str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self._folder), "-h", "",
                "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=logical",
            ]
        )  # fmt: skip
        while self._psql("select 1", user="postgres").returncode != 0:
            if self._postgres.poll() is not None or time.monotonic() > deadline:
                self.kill()
                self._last_words = self._log.read_bytes()[begun:].decode(errors="replace")
                return False
            time.sleep(0.02)
        return True

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not _answers(f"http://127.0.0.1:{self._admin_port}/ready"):
            assert self._postgrest is not None
            if self._postgrest.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"PostgREST did not come up:\n{self.log()}")
            time.sleep(0.02)

    def _run(self, program: str, *args: str | Path) -> None:
        done = subprocess.run(
            [self._bin / program, *args],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_S,
        )
        if done.returncode != 0:
            raise NoPostgres(f"{program} failed: {done.stderr}")

    def _psql(self, text: str, *, user: str) -> subprocess.CompletedProcess[str]:
        command = [
            shutil.which("psql") or self._bin / "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self._folder,
            "-U",
            user,
        ]
        return subprocess.run(
            [*command, "postgres"], input=text, capture_output=True, text=True, check=False, timeout=STEP_S
        )

    def _popen(self, command: Sequence[str], **env: str) -> subprocess.Popen[bytes]:
        environment: Mapping[str, str] = {"PATH": os.defpath, "LC_ALL": "C", **env}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, env=environment, cwd=self._folder, user=self._user, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - a local http address
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
