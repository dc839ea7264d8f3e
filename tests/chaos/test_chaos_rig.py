"""The chaos rig: a short run finds no failure, and its independent checker detects each kind of failure."""

from __future__ import annotations

import ast
import asyncio
import json
import random
from pathlib import Path

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.chaos.rig.client import Client
from tests.chaos.rig.data_checks import is_all_sound
from tests.chaos.rig.expected_replies import reply_to
from tests.chaos.rig.failures import Failure, Kind
from tests.chaos.rig.fault_injection import may_have_ended, shuffled_faults
from tests.chaos.rig.frame_checks import FrameChecker
from tests.chaos.rig.report import HEAD, InjectedFault, table
from tests.chaos.rig.run import Plan, run
from tests.chaos.rig.servers import rest_of_reply
from tests.chaos.rig.simulated_user import Run, User, late_recordings

INDEPENDENT = (
    "client", "data_checks", "expected_replies", "failures", "frame_checks", "past_changes", "report", "servers",
    "shown_table", "simulated_user",
)  # fmt: skip
"""Modules that play a client or a server, or check the results. The other modules only start processes."""
KINDS = ("kill llm", "kill tts", "freeze llm", "kill gateway", "stop redis", "model break", "cut", "second tab")


@pytest.mark.timeout(150, method="signal")
def test_short_run_of_the_rig_finds_no_failure(tmp_path: Path) -> None:
    outcome = run(Plan(turns=16, faults=len(KINDS), seed=20, conversations=3, kinds=KINDS), tmp_path)
    assert not outcome.failures, "\n".join([*map(str, outcome.failures), *outcome.lines()])
    assert outcome.sentences > 20
    assert {fault.name for fault in outcome.injected} == set(KINDS)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_checks_of_the_rig_import_nothing_of_the_product(name: str) -> None:
    tree = ast.parse((Path(__file__).parent / "rig" / f"{name}.py").read_text())
    imported = [
        module
        for node in ast.walk(tree)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                       [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
    ]  # fmt: skip
    allowed = {f"tests.chaos.rig.{each}" for each in INDEPENDENT}
    assert not [each for each in imported if each.startswith(("tertulia", "tests")) and each not in allowed]


def test_model_server_of_the_rig_continues_an_interrupted_reply() -> None:
    full = reply_to("Hello", "Luna")
    begun = full[: full.index(".") + 1]
    system = {"role": "system", "content": "You are Luna, in a spoken conversation with Jay."}
    said, broken = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": f"<Luna>{begun}"}
    note = {"role": "user", "content": "[Stage: continue Luna's reply, which broke off.]"}
    assert rest_of_reply([system, said]) == full
    assert f"{begun} {rest_of_reply([system, said, broken, note])}" == full


def heard() -> tuple[FrameChecker, list[tuple[Kind, str]]]:
    """A checker that has received the beginning of a turn, and the list of its complaints."""
    found: list[tuple[Kind, str]] = []
    checker = FrameChecker(lambda kind, what, _turn: found.append((kind, what)))
    replies = [{"message_id": "m"}, {"message_id": "n"}]
    for number, frame in enumerate(
        [
            {"type": "conversation_started", "conversation_id": "c"},
            {"type": "turn_accepted", "turn_id": "t", "text": "Hello"},
            {"type": "turn_started", "turn_id": "t", "replies": replies},
            {"type": "message_started", "turn_id": "t", "message_id": "m", "character_name": "Luna"},
            {"type": "llm_chunk", "message_id": "m", "text": "Hi."},
        ]
    ):
        checker.feed({**frame, "event_id": f"{number + 1}-0", "epoch": 1})
    for chunk in range(3):
        checker.feed(sound("m", 0, chunk))
    assert not found
    return checker, found


def sound(message_id: str, sentence: int, chunk: int) -> dict[str, object]:
    """An audio frame."""
    place = {"message_id": message_id, "sentence_index": sentence, "chunk_index": chunk}
    return {"type": "audio", "id": f"{sentence + 1}-{chunk + 1}", "pcm": bytes([sentence, chunk] * 4), **place}


ACCEPTED = {"type": "turn_accepted", "turn_id": "t", "text": "Hello, both of you"}
STARTED = {"type": "message_started", "turn_id": "t", "message_id": "m", "character_name": "Luna"}
REOPENED = {"type": "turn_reopened", "turn_id": "t", "event_id": "6-0", "epoch": 2}
COMPLETE = {"type": "message_complete", "message_id": "m", "status": "complete", "text": "Hi."}


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([sound("m", 0, 2)], "doubled"),
        ([sound("m", 0, 4)], "lost"),
        ([sound("m", 2, 0)], "lost"),
        ([sound("m", 1, 0), sound("m", 0, 3)], "disordered"),
        ([{"type": "llm_chunk", "message_id": "m", "text": "!", "event_id": "5-0", "epoch": 1}], "doubled"),
        ([{"type": "llm_chunk", "message_id": "m", "text": "!", "event_id": "4-9", "epoch": 1}], "disordered"),
        ([{"type": "llm_chunk", "message_id": "m", "text": "!", "event_id": "6-0", "epoch": 0}], "disordered"),
        ([{"type": "llm_chunk", "message_id": "x", "text": "!", "event_id": "6-0", "epoch": 1}], "disordered"),
        ([{**COMPLETE, "text": "Ho.", "event_id": "6-0", "epoch": 1}], "wrong"),
        ([{**COMPLETE, "event_id": f"{number}-0", "epoch": 1} for number in (6, 7)], "doubled"),
        ([{"type": "turn_complete", "turn_id": "t", "event_id": f"{n}-0", "epoch": 1} for n in (6, 7)], "doubled"),
        ([{"type": "audio_complete", "message_id": "m", "id": "3-0"}], "lost"),
        ([{"type": "interrupted", "cause": "request", "event_id": "6-0", "epoch": 2}, sound("m", 0, 3)], "disordered"),
        ([{"type": "turn_accepted", "turn_id": "t", "text": "Bye", "event_id": "6-0", "epoch": 1}], "wrong"),
        ([{"type": "turn_reopened", "turn_id": "u", "event_id": "6-0", "epoch": 2}], "wrong"),
        ([{**ACCEPTED, "turn_id": "u", "tentative": True, "event_id": "6-0", "epoch": 2}], "wrong"),
        ([REOPENED, {**COMPLETE, "event_id": "7-0", "epoch": 2}], "disordered"),
        ([REOPENED, sound("m", 0, 3)], "disordered"),
        ([REOPENED, {**STARTED, "event_id": "7-0", "epoch": 2}], "disordered"),
        (
            [REOPENED, {**ACCEPTED, "event_id": "7-0", "epoch": 2}, {**ACCEPTED, "event_id": "8-0", "epoch": 2}],
            "doubled",
        ),
    ],
)
def test_frame_checker_reports_each_kind_of_failure(frames: list[dict[str, object]], kind: Kind) -> None:
    checker, found = heard()
    for frame in frames:
        checker.feed(frame)
    assert kind in [each for each, _ in found]


@pytest.mark.parametrize(
    ("chunks", "kinds"),
    [
        ([1, 2, 3, 4], []),
        ([3, 4], []),
        ([1, 3], ["lost"]),
        ([4], ["lost"]),
        ([1, 2, 1], ["doubled"]),
    ],
)
def test_frame_checker_accepts_repeated_audio_after_a_reload_only_from_a_received_chunk(
    chunks: list[int], kinds: list[Kind]
) -> None:
    checker, found = heard()
    checker.reloaded()
    for chunk in chunks:
        checker.feed(sound("m", 0, chunk))
    assert [kind for kind, _ in found] == kinds


@pytest.mark.parametrize(
    ("samples", "first", "kinds"),
    [
        (3, sound("m", 0, 2) | {"pcm": bytes([0, 2])}, []),
        (3, sound("m", 0, 2), ["wrong"]),
        (2, sound("m", 0, 2) | {"pcm": bytes([0, 2])}, ["wrong"]),
        (3, sound("m", 0, 1) | {"pcm": bytes([0, 1])}, ["wrong"]),
        (3, sound("m", 0, 3), ["wrong", "wrong"]),
    ],
)
def test_frame_checker_accepts_after_a_reload_only_the_sample_after_the_last_one_that_was_played(
    samples: int, first: dict[str, object], kinds: list[Kind]
) -> None:
    checker, found = heard()
    checker.reloaded()
    place = {"message_id": "m", "sentence_index": 0, "chunk_index": 1, "next_samples": samples, "complete": False}
    checker.feed({"type": "conversation_started", "conversation_id": "c", "heard": [place]})
    checker.feed(first)
    assert [kind for kind, _ in found] == kinds


def test_frame_checker_accepts_a_reopened_turn_that_comes_again() -> None:
    checker, found = heard()
    checker.feed(REOPENED)
    assert checker.turns["t"].withdrawn == {"m"}
    checker.feed({**ACCEPTED, "event_id": "7-0", "epoch": 3})
    checker.feed({**STARTED, "message_id": "m/1", "event_id": "8-0", "epoch": 3})
    checker.feed(sound("m/1", 0, 0))
    assert not found
    assert checker.turns["t"].messages == ["m/1"]


def test_frame_checker_accepts_that_a_turn_was_reopened_while_the_client_reloaded() -> None:
    checker, found = heard()
    checker.reloaded()
    checker.feed({**ACCEPTED, "event_id": "7-0", "epoch": 3})
    assert not found
    assert (checker.turns["t"].text, checker.turns["t"].withdrawn) == (ACCEPTED["text"], {"m"})


WHOLE = ["1-1", "1-2", "2-0"]


@pytest.mark.parametrize(
    ("kept", "faults", "is_right"),
    [
        (WHOLE, (), True),
        (["1-1", "2-0"], ("oom",), False),
        ([], (), False),
        (["2-0"], ("noreplicas",), False),
        ([], ("oom",), True),
        (["2-0"], ("kill llm", "oom"), True),
    ],
)
def test_data_checker_accepts_that_heard_audio_is_missing_only_if_redis_was_full(
    kept: list[str],
    faults: tuple[str, ...],
    is_right: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert is_all_sound(kept, [(0, 0), (0, 1)], faults) == is_right


async def test_sentence_of_which_a_part_was_reported_counts_as_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.rig.client.RECEIPT_EVERY", 2)
    checker, found = heard()
    frames = [sound("m", 0, 3), sound("m", 1, 0) | {"id": "2-1", "pcm": bytes(100)}]

    async def send(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "conversation_started", "conversation_id": "c"}))
        for frame in frames:
            await socket.send(msgpack.packb(frame))
        await socket.wait_closed()

    async with serve(send, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = Client(checker, lambda: [f"ws://127.0.0.1:{port}/"], random.Random(1))
        running = asyncio.create_task(client.run())
        assert await client.until(lambda: client.sent_receipts, 10.0)
        running.cancel()
    assert not found
    [(_, sentence, chunk, _, next_samples)] = client.sent_receipts
    assert (sentence, chunk) == (0, 3)
    assert next_samples  # with another seed, the receipt might end with the chunk
    assert client.reported == {"m": 2}


@pytest.mark.parametrize(
    ("late", "names", "is_right", "left"),
    [
        ((), ("rex",), True, ()),
        ((), ("rex",), False, ("rex",)),
        (("rex",), ("sage",), False, ("rex", "sage")),
        (("rex",), ("rex",), True, ("rex",)),
        (("rex", "luna"), ("rex",), True, ("luna", "rex")),
        (("rex", "luna"), ("luna",), True, ("luna",)),
        (("rex", "luna"), ("sage",), True, ()),
        (("rex",), ("sage", "rex"), True, ()),
        (("rex", "sage"), ("rex", "sage"), True, ("rex", "sage")),
    ],
)
def test_user_of_the_rig_is_no_longer_behind_after_a_turn_with_words_that_were_not_late(
    late: tuple[str, ...],
    names: tuple[str, ...],
    is_right: bool,  # noqa: FBT001 - a parameter of the test
    left: tuple[str, ...],
) -> None:
    assert late_recordings(late, names, is_right=is_right) == left


REFUSED = "tertulia-tts cannot start: the speech server http://127.0.0.1:1/v1 refuses: HTTP 503"


@pytest.mark.parametrize(
    ("service", "log", "injected", "may"),
    [
        ("tts", REFUSED, [InjectedFault("speech refuse", 5.0)], True),
        ("tts", REFUSED, [InjectedFault("speech refuse", 5.0, 10.5)], True),
        ("tts", REFUSED, [InjectedFault("speech refuse", 5.0, 9.5)], False),
        ("tts", REFUSED, [InjectedFault("model refuse", 5.0)], False),
        ("tts", "Traceback", [InjectedFault("speech refuse", 5.0)], False),
        ("llm", REFUSED, [InjectedFault("speech refuse", 5.0)], False),
    ],
)
def test_only_tts_may_end_by_itself_and_only_while_the_speech_server_refuses(
    service: str,
    log: str,
    injected: list[InjectedFault],
    may: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert may_have_ended(service, log, 10.0, injected) == may


def test_each_fault_of_a_plan_is_run_once_before_one_is_repeated() -> None:
    names = shuffled_faults(KINDS, 3 * len(KINDS), random.Random(1))
    assert len(names) == 3 * len(KINDS)
    assert set(names[: len(KINDS)]) == set(KINDS)


def test_report_about_the_faults_is_a_markdown_table() -> None:
    checker, _ = heard()
    user = User(0, Client(checker, list, random.Random(1)), None, random.Random(1), speaks=False)  # pyright: ignore[reportArgumentType]
    user.client.arrivals += [1.0, 2.5, 3.0]
    run_of_turn = Run(user, 0.5, "t", ended=4.0)
    failure = Failure("lost", "nothing came", "c", "t", ("kill llm",))
    lines = table(
        [InjectedFault("kill llm", 1.5, 1.6, [run_of_turn]), InjectedFault("cut", 2.7, 2.8, [run_of_turn])], [failure]
    )
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "--" not in line] == [
        list(HEAD),
        ["cut", "1", "1", "0", "0", "0", "0", "0.30 / 0.30"],
        ["kill llm", "1", "1", "1", "0", "0", "0", "1.00 / 1.00"],
        ["all", "2", "2", "1", "0", "0", "0", "0.65 / 1.00"],
    ]
