from __future__ import annotations

import pytest

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.port.errors import WritesPaused
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.suitability import Severity, fields_of, judge
from tertulia_shared.settings import CommonSettings
from tests.harness.settings_of import settings_of

WELL = {
    "redis_version": "6.2.14", "redis_mode": "standalone", "role": "master", "cluster_enabled": "0",
    "maxmemory_policy": "noeviction", "aof_enabled": "1",
}  # fmt: skip


@pytest.mark.parametrize("info", [WELL, {}, WELL | {"redis_version": "8.0.1"}])
def test_suitable_redis_has_no_faults(info: dict[str, str]) -> None:
    assert judge(info) == []


@pytest.mark.parametrize(
    ("field", "value", "severity", "said"),
    [
        ("cluster_enabled", "1", Severity.REFUSED, "Cluster"),
        ("redis_mode", "cluster", Severity.REFUSED, "Cluster"),
        ("redis_mode", "sentinel", Severity.REFUSED, "Sentinel"),
        ("redis_version", "6.0.16", Severity.REFUSED, "6.2"),
        ("redis_version", "5.0.14", Severity.REFUSED, "6.2"),
        *(
            ("maxmemory_policy", f"{which}-{how}", Severity.REFUSED, "noeviction")
            for which in ("allkeys", "volatile")
            for how in ("lru", "lfu", "random")
        ),
        ("maxmemory_policy", "volatile-ttl", Severity.REFUSED, "noeviction"),
        ("role", "slave", Severity.NOT_NOW, "replica"),
        ("aof_enabled", "0", Severity.WARNING, "appendonly"),
    ],
)
def test_each_fault_of_redis_is_reported_in_one_sentence(field: str, value: str, severity: Severity, said: str) -> None:
    (fault,) = judge(WELL | {field: value})
    assert fault.severity is severity
    assert said in fault.text
    assert "\n" not in fault.text


def test_redis_replica_that_accepts_writes_is_suitable() -> None:
    assert judge(WELL | {"role": "slave", "slave_read_only": "0"}) == []


def test_info_reply_is_parsed_into_fields() -> None:
    reply = b"# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\nodd\r\nos:a:b\xff\r\n"
    assert fields_of(reply) == {"redis_version": "7.0.15", "maxmemory_policy": "noeviction", "os": "a:b\ufffd"}


@pytest.mark.parametrize(
    "text", ["MOVED 14377 127.0.0.1:7503", "ASK 14377 127.0.0.1:7503", "CROSSSLOT Keys in request don't hash alike"]
)
def test_error_for_redis_cluster_names_the_cluster(text: str) -> None:
    refusal = refusal_of(ErrorReply(text), "ZRANGEBYSCORE")
    assert "Redis Cluster" in str(refusal)
    assert not isinstance(refusal, WritesPaused)


@pytest.mark.parametrize(
    "url",
    ["redis://a:1,b:2/0", "rediss://u:p@a,b,c/0", "redis+sentinel://a:26379/mymaster", "sentinel://a", "http://a"],
)
def test_redis_url_with_several_hosts_or_sentinels_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must (name one Redis|begin with)"):
        settings_of(CommonSettings, redis_url=url)


@pytest.mark.parametrize("url", ["redis://u:a,b@host:6379/0", "unix:///tmp/a,b.sock?db=0", "redis://[::1]:6379/0"])
def test_redis_url_may_have_a_comma_outside_the_host(url: str) -> None:
    assert settings_of(CommonSettings, redis_url=url).redis_url == url
