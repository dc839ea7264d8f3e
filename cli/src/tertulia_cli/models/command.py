"""`tertulia fetch-models`: chooses the models, fetches them, and reports the result."""

from __future__ import annotations

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
    once: bool = False


def needed_models(settings: RunSettings) -> list[Model]:
    """The models that the chosen engines need."""
    names = (*models_of(STT_ENGINES, settings.stt_engine), *models_of(TTS_ENGINES, settings.tts_engine))
    return [MODELS[name] for name in dict.fromkeys(names)]


def fetch_models(settings: RunSettings, request: Request, console: Console | None = None) -> int:
    """Fetch the models; returns the exit code.

    Raises:
        Failure: a model is unknown, or a folder cannot be used.
    """
    console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if request.only_list:
        _list(settings, console)
        return OK
    chosen = _chosen(settings, request)
    code = _fetch(settings.models_folder, chosen, request, console) if chosen else OK
    if request.once:
        return OK
    if REALTIMESTT in request.names or (not request.names and settings.stt_engine == REALTIMESTT):
        return max(code, fetch_realtimestt(settings))
    if not chosen:
        console.print("fetch-models: the chosen engines need no models (--list shows all)")
    return code


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


def _fetch(models_dir: Path, models: Sequence[Model], request: Request, console: Console) -> int:
    if request.once:
        models = [model for model in models if folder_of(model.name, models_dir) is None]
        if not models or attempts.was_tried(models_dir, models):
            return OK
    try:
        with only_fetcher(models_dir, lambda: console.print("fetch-models: waiting for another process that fetches")):
            failed = _fetch_each(Fetcher(models_dir, console, local=request.folder), models, console)
            attempts.remember(models_dir, failed)
    except OSError as error:
        if request.once:
            console.print(f"fetch-models: {models_dir} cannot be written: {error.strerror}", markup=False)
            return OK
        raise Failure(
            f"the models folder {models_dir} cannot be written ({error.strerror}): "
            "set TERTULIA_MODELS_DIR to a writable one.",
            FAILED,
        ) from error
    if not failed:
        console.print(f"fetch-models: all there, in {models_dir}", markup=False)
        return OK
    console.print(f"fetch-models: missing: {', '.join(model.name for model in failed)}")
    if not request.once:  # `tertulia run`, which comes next, gives this advice
        console.print(
            "  Run it again where there is a network, or with --folder and a copy of another machine's models folder."
        )
    return FAILED


def _fetch_each(fetcher: Fetcher, models: Sequence[Model], console: Console) -> list[Model]:
    """Fetch the models that are not complete; returns those that are still incomplete."""
    failed: list[Model] = []
    for model in models:
        if not fetcher.damaged(model):
            continue
        console.print(f"fetch-models: {model.title}, {megabytes(model.download_size)}, {model.licence}", markup=False)
        if not fetcher.fetch(model):
            failed.append(model)
    if not failed:
        fetcher.clean_up()
    return failed


def _list(settings: RunSettings, console: Console) -> None:
    needed = needed_models(settings)
    console.print(f"Models in {settings.models_folder}:", markup=False)
    for model in MODELS.values():
        there = folder_of(model.name, settings.models_folder) is not None
        mark, style = ("✓", "green") if there else ("-", "yellow")
        chosen = " (needed)" if model in needed else ""
        what = f"{model.name:<16} {megabytes(model.size):>7}  {model.licence:<11} {model.title}{chosen}"
        console.print(Text.assemble((f"  {mark} ", style), what))
