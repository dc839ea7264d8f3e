"""The checks of `tertulia doctor` for recognizers and speech engines. They import no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.environments import own_python
from tertulia_cli.run.readiness import ALIVE_S, Member, live_members, parse_members
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import BusError
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.engine_choice import AUTO, choose_engine
from tertulia_shared.engine_speed import Speeds
from tertulia_shared.engine_state import reasons_in
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES, EngineUnavailable, InstalledEngine, installed_engines
from tertulia_shared.keys import STAGES, Keys, Stage
from tertulia_shared.problems import stage_away
from tertulia_shared.weights import fetch_command, folder_of


def engines(settings: RunSettings) -> Sequence[Finding]:
    """Report each engine that an installed package offers, and a chosen one that no package offers."""
    found: list[Finding] = []
    models_dir = settings.models_folder
    speeds = Speeds(settings.data_dir)
    for stage, group, name in (("stt", STT_ENGINES, settings.stt_engine), ("tts", TTS_ENGINES, settings.tts_engine)):
        choice = choose_engine(group, name, models_dir, speeds.of)
        chosen = choice.engine
        mark = f" (chosen by auto: {choice.reason})" if name == AUTO else " (chosen)"
        installed = installed_engines(group)
        for each in installed.values():
            what = f"{stage} engine {each.name}" + (mark if each.name == chosen else "")
            found.append(engine(what, group, each, models_dir, needed=each.name == chosen))
        if chosen not in installed:
            advice = f"set TERTULIA_{stage.upper()}_ENGINE to one of: {', '.join(installed) or 'none is installed'}"
            found.append(Finding(ok=False, what=f"{stage} engine {chosen}{mark}: no package offers it", advice=advice))
    return found


def engine(what: str, group: str, engine: InstalledEngine, models_dir: Path, *, needed: bool) -> Finding:
    """Check that the engine's modules and models are there; its own environment counts. Imports no module."""
    try:
        spec = engine.spec()
    except EngineUnavailable as error:
        return Finding(ok=False, what=f"{what}: {error}", advice=f"reinstall {engine.package}", needed=needed)
    missing = spec.missing()
    own = bool(missing) and own_python(group, engine.name) is not None
    if missing and not own:
        return Finding(ok=False, what=f"{what}: {', '.join(missing)} not installed", advice=spec.install, needed=needed)
    models = [name for name in spec.models if folder_of(name, models_dir) is None]
    if models:
        names = ", ".join(models)
        advice = fetch_command(models)
        return Finding(ok=False, what=f"{what}: not in {models_dir}: {names}", advice=advice, needed=needed)
    return Finding(ok=True, what=f"{what}, in {spec.environment}" if own else what, needed=needed)


async def workers(settings: RunSettings) -> Sequence[Finding]:
    """Report the live workers of each stage, which run elsewhere; nothing if Redis does not answer."""
    try:
        async with open_bus(
            settings.redis_address(), Keys(settings.namespace), name="doctor", tls=settings.redis_tls
        ) as bus:
            engines = [(member.stage, member.engine) for member in parse_members(await bus.alive(ALIVE_S))]
            return [stage_workers(stage, [engine for of, engine in engines if of == stage]) for stage in STAGES]
    except* (BusError, ValueError):
        pass  # `redis_answer` reports it
    return []


def stage_workers(stage: Stage, engines: Sequence[str]) -> Finding:
    """Report the live workers of a stage. `engines`: the engine of each. A stage without one is reported in the same
    words as the gateway reports it.
    """
    if not engines:
        problem = stage_away(stage)
        return Finding(ok=False, what=problem.text, advice=problem.advice, needed=problem.blocks)
    number = "1 worker" if len(engines) == 1 else f"{len(engines)} workers"
    return Finding(ok=True, what=f"{stage}: {number} ({', '.join(sorted(set(engines)))})")


async def engines_in_use(settings: RunSettings) -> Sequence[Finding]:
    """Report the engines of the running workers, and why each was chosen; nothing if Redis does not answer."""
    members: Sequence[Member] = ()
    reasons: Mapping[str, Mapping[str, str]] = {}
    try:
        async with open_bus(
            settings.redis_address(), Keys(settings.namespace), name="doctor", tls=settings.redis_tls
        ) as bus:
            members = await live_members(bus)
            reasons = reasons_in(await bus.hash(bus.keys.engines()))
    except* (BusError, ValueError):
        pass  # `redis_answer` reports it
    used = sorted({(member.stage, member.engine) for member in members if member.stage in reasons})
    return [
        Finding(ok=True, what=f"{stage} uses {engine}: {reasons[stage][engine]}", needed=False)
        for stage, engine in used
        if engine in reasons[stage]
    ]
