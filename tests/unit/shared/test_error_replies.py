"""The distinction of temporary and permanent error replies of Redis."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import WriteRefused, WritesPaused
from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.replies import ErrorReply


@pytest.mark.parametrize(
    "error",
    [
        ErrorReply("OOM command not allowed when used memory > 'maxmemory'."),
        ErrorReply("READONLY You can't write against a read only replica."),
        ErrorReply("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist"),
        ErrorReply("ERR Error running script (call to f_1): @user_script:9: -OOM command not allowed"),
        ErrorReply("NOREPLICAS Not enough good replicas to write."),
    ],
    ids=["oom", "readonly", "misconf", "oom-in-script", "noreplicas"],
)
def test_temporary_redis_error_becomes_writes_paused(error: ErrorReply) -> None:
    assert isinstance(refusal_of(error, "XADD"), WritesPaused)


@pytest.mark.parametrize(
    "text",
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "ERR Invalid stream ID specified"],
    ids=["wrongtype", "id"],
)
def test_permanent_redis_error_becomes_write_refused(text: str) -> None:
    refusal = refusal_of(ErrorReply(text), "XADD")
    assert isinstance(refusal, WriteRefused)
    assert not isinstance(refusal, WritesPaused)
    assert text in str(refusal)
