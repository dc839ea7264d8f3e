"""Which process a sign of life belongs to."""

from __future__ import annotations

from tertulia_cli.run.readiness import Member, gateway_status, parse_members


def test_members_are_read_and_what_is_none_is_left_out() -> None:
    found = parse_members(["tts:my-host-4711-a1b2c3:espeak", "llm:my-host-4712-a1b2c3:demo", "odd", "a:b"])
    assert found == [Member("tts", "my-host-4711-a1b2c3", "espeak"), Member("llm", "my-host-4712-a1b2c3", "demo")]


def test_a_worker_belongs_to_one_process_of_one_machine() -> None:
    member = Member("tts", "my-host-4711-a1b2c3", "espeak")
    assert member.is_process(4711, "my-host")
    assert not member.is_process(471, "my-host")
    assert not member.is_process(4711, "my")
    assert not member.is_process(4711, "other")


async def test_where_nothing_listens_there_is_no_status() -> None:
    assert await gateway_status("127.0.0.1", 1) is None
