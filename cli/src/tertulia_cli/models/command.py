"""`tertulia fetch-models`: chooses the models, fetches them, and reports the result."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tertulia_cli.models import attempts
from tertulia_cli.models.fetcher import Fetcher, only_fetcher
from tertulia_cli.models.realtimestt import ENGINE as REALTIMESTT
from tertulia_cli.models.realtimestt import fetch_realtimestt
from tertulia_cli.models.sources.failure import is_disk_full
from tertulia_cli.settings import RunSettings
from tertulia_shared.engine_choice import models_of
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES
from tertulia_shared.weights import MODELS, Model, folder_of, megabytes


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for. `names`: only these models. `folder`: the source to try first."""

    names: Sequence[str] = ()
    folder: Path | None = None
    everything: bool = False
    only_list: bool = False


def needed_models(settings: RunSettings) -> list[Model]:
    """The models that the chosen engines need."""
    names = (*models_of(STT_ENGINES, settings.stt_engine), *models_of(TTS_ENGINES, settings.tts_engine))
    return [MODELS[name] for name in dict.fromkeys(names)]


def fetch_models(settings: RunSettings, request: Request, console: Console | None = None) -> int:
    """Fetch the models, also those that are damaged; returns the exit code.

    Raises:
        Failure: a model is unknown, or a folder cannot be used.
    """
    console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if request.only_list:
        _list(settings, console)
        return OK
    chosen = _chosen(settings, request)
    code = _fetch(settings.models_folder, chosen, request.folder, console) if chosen else OK
    if REALTIMESTT in request.names or (not request.names and settings.stt_engine == REALTIMESTT):
        return max(code, fetch_realtimestt(settings))
    if not chosen:
        console.print("fetch-models: the chosen engines need no models (--list shows all)")
    return code


def fetch_once(settings: RunSettings, console: Console | None = None) -> None:
    """Fetch the models that the chosen engines need and that are missing, unless that was tried before.

    A failure is printed; `tertulia run` goes on with the engines that need no models.
    """
    models_dir = settings.models_folder
    missing = [model for model in needed_models(settings) if folder_of(model.name, models_dir) is None]
    if not missing:
        _delete_leftovers(Fetcher(models_dir, Console(quiet=True)))
        return
    if attempts.was_tried(models_dir, missing):
        return
    console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print("  The first start downloads models. Ctrl-C stops it; the next start continues.")
    try:
        _fetch_locked(Fetcher(models_dir, console), missing, console)
    except OSError as error:
        console.print(f"  {_unwritable(models_dir, error)}", markup=False)


def _delete_leftovers(fetcher: Fetcher) -> None:
    """Delete what a killed process left, if no model is missing."""
    if fetcher.has_leftovers:
        with contextlib.suppress(OSError), only_fetcher(fetcher.models_dir, lambda: None):
            fetcher.clean_up()


def _chosen(settings: RunSettings, request: Request) -> list[Model]:
    unknown = [name for name in request.names if name not in MODELS and name != REALTIMESTT]
    if unknown:
        raise Failure(
            f"there is no model {unknown[0]!r}: the models are {', '.join(MODELS)} and {REALTIMESTT}.", MISUSED
        )
    if request.folder is not None and not request.folder.is_dir():
        raise Failure(f"--folder {request.folder}: there is no such folder.", MISUSED)
    if request.everything:
        return list(MODELS.values())
    if request.names:
        return [MODELS[name] for name in dict.fromkeys(request.names) if name in MODELS]
    return needed_models(settings)


def _fetch(models_dir: Path, models: Sequence[Model], local: Path | None, console: Console) -> int:
    fetcher = Fetcher(models_dir, console, local=local)
    damaged = [model for model in models if fetcher.damaged(model)]
    try:
        failed = _fetch_locked(fetcher, damaged, console) if damaged else []
    except OSError as error:
        raise Failure(_unwritable(models_dir, error), FAILED) from error
    if not damaged:
        _delete_leftovers(fetcher)
    if not failed:
        console.print(f"fetch-models: complete, in {models_dir}", markup=False)
        return OK
    console.print(f"fetch-models: missing: {', '.join(model.name for model in failed)}")
    console.print(
        "  Try again where there is a network, or with --folder and a copy of another machine's models folder."
    )
    return FAILED


def _fetch_locked(fetcher: Fetcher, models: Sequence[Model], console: Console) -> list[Model]:
    """Fetch the models while no other process does; returns those that are still incomplete.

    Raises:
        OSError: the models folder cannot be written.
    """
    failed: list[Model] = []
    with only_fetcher(fetcher.models_dir, lambda: console.print("  waiting for another process that fetches models")):
        fetcher.delete_temporary_folders()
        for model in models:
            if not fetcher.damaged(model):  # fetched by the process that had the lock
                continue
            title = f"{model.title}, {megabytes(model.download_size)}, licence {model.licence}"
            console.print(f"fetch-models: {title}", markup=False)
            if not fetcher.fetch(model):
                failed.append(model)
        attempts.record(fetcher.models_dir, models, failed)
        if not failed:
            fetcher.clean_up()
    return failed


def _unwritable(models_dir: Path, error: OSError) -> str:
    if is_disk_full(error):
        return (
            f"the disk with the models folder {models_dir} is full ({error.strerror}): delete something and try again, "
            "or set TERTULIA_MODELS_DIR to a folder on another disk."
        )
    return (
        f"the models folder {models_dir} cannot be written ({error.strerror or error}): "
        "set TERTULIA_MODELS_DIR to a writable one."
    )


def _list(settings: RunSettings, console: Console) -> None:
    needed = needed_models(settings)
    console.print(f"Models in {settings.models_folder}:", markup=False)
    for model in MODELS.values():
        there = folder_of(model.name, settings.models_folder) is not None
        mark, style = ("✓", "green") if there else ("-", "yellow")
        chosen = " (needed)" if model in needed else ""
        what = f"{model.name:<16} {megabytes(model.size):>7}  {model.licence:<11} {model.title}{chosen}"
        console.print(Text.assemble((f"  {mark} ", style), what))
