"""The rows and graphs of the Grafana dashboard, which `dashboard` writes: the queries and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph. `unit`: a unit of Grafana. `lines`: pairs of a query and the legend of its series.

    `limit`: a value from which on the graph is red; None: no limit.
    """

    title: str
    unit: str
    lines: Sequence[tuple[str, str]]
    help: str
    limit: float | None = None


def quantile(share: float, family: str, *labels: str) -> str:
    """The query for a quantile of a histogram, by these labels."""
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({share}, sum by ({by}) (rate({family}_bucket[$__rate_interval])))"


def rate(family: str, *labels: str) -> str:
    """The query for events in a minute, by these labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} (rate({family}[$__rate_interval])) * 60"


CPU: Final = 'sum(rate(process_cpu_seconds_total{job="tertulia"}[$__rate_interval]))'
"""The cores that all services use together."""

ROWS: Final[Sequence[tuple[str, Sequence[Panel]]]] = (
    (
        "Is it fast?",
        (
            Panel(
                "First sound",
                "s",
                [
                    (quantile(0.5, "tertulia_turn_first_sound_seconds"), "half of the turns"),
                    (quantile(0.95, "tertulia_turn_first_sound_seconds"), "19 of 20"),
                ],
                "From a turn's acceptance to its first sound.",
                3,
            ),
            Panel(
                "First text",
                "s",
                [
                    (quantile(0.5, "tertulia_turn_first_text_seconds"), "half of the turns"),
                    (quantile(0.95, "tertulia_turn_first_text_seconds"), "19 of 20"),
                ],
                "From a turn's acceptance to its first text.",
                3,
            ),
            Panel(
                "Where the time goes (19 of 20)",
                "s",
                [
                    (quantile(0.95, "tertulia_stt_transcript_seconds"), "transcript"),
                    (quantile(0.95, "tertulia_llm_first_token_seconds"), "model: first text"),
                    (quantile(0.95, "tertulia_llm_first_sentence_seconds"), "model: first sentence"),
                    (quantile(0.95, "tertulia_tts_first_chunk_seconds"), "voice: first sound"),
                ],
                "The steps of a turn.",
            ),
            Panel(
                "Between the stages (19 of 20)",
                "s",
                [(quantile(0.95, "tertulia_hop_seconds", "hop"), "{{hop}}")],
                "From the write of an entry to its read. `sentences` may be long: later sentences wait.",
            ),
            Panel(
                "Seconds of work for a second of speech",
                "none",
                [(quantile(0.5, "tertulia_tts_real_time_ratio", "engine"), "{{engine}}")],
                "From 1 on the listener waits in mid-sentence.",
                1,
            ),
            Panel(
                "Turns in a minute",
                "none",
                [(rate("tertulia_turns_total", "source"), "{{source}}")],
                "Accepted turns.",
            ),
            Panel(
                "Redis: round trip (19 of 20)",
                "s",
                [(quantile(0.95, "tertulia_redis_round_trip_seconds", "service"), "{{service}}")],
                "Measured once a second by each process.",
                0.5,
            ),
            Panel(
                "Delay of event loops (99 of 100)",
                "s",
                [(quantile(0.99, "tertulia_event_loop_delay_seconds", "service"), "{{service}}")],
                "Above 0.05 s a process needs more than one core, or a call blocks.",
                0.5,
            ),
        ),
    ),
    (
        "Is it stuck?",
        (
            Panel(
                "Problems",
                "none",
                [("max by (code) (tertulia_problem) > 0", "{{code}}")],
                "What /readyz reports. Empty is good.",
            ),
            Panel(
                "Workers",
                "none",
                [("max by (stage) (tertulia_workers)", "{{stage}}")],
                "Workers with a recent heartbeat.",
            ),
            Panel(
                "Oldest waiting work",
                "s",
                [("max by (stage) (tertulia_work_oldest_waiting_seconds)", "{{stage}}")],
                "Above 1 s people notice.",
                5,
            ),
            Panel(
                "Fullness of the workers",
                "percentunit",
                [("sum by (stage) (tertulia_jobs) / sum by (stage) (tertulia_slots)", "{{stage}}")],
                "From 80 % on, start another worker.",
                0.8,
            ),
            Panel(
                "Work taken over, in a minute",
                "none",
                [(rate("tertulia_takeovers_total", "stage"), "{{stage}}")],
                "Outside of updates, workers die or stall.",
            ),
            Panel(
                "Leases renewed late, in a minute",
                "none",
                [(rate("tertulia_lease_renewals_late_total", "stage"), "{{stage}}")],
                "The machine or Redis is overloaded.",
            ),
            Panel(
                "Healthy processes",
                "none",
                [("sum by (service) (tertulia_healthy)", "{{service}}")],
                "Processes whose /healthz says ok.",
            ),
            Panel(
                "Releases",
                "none",
                [("count by (service, version) (tertulia_build_info)", "{{service}} {{version}}")],
                "Several versions for long: an update is incomplete.",
            ),
        ),
    ),
    (
        "Is it losing anything?",
        (
            Panel(
                "Replies without sound, in a minute",
                "none",
                [(rate("tertulia_replies_without_sound_total", "cause"), "{{cause}}")],
                "silent: the voice made none. waited: the user gave up.",
            ),
            Panel(
                "Gaps in the sound, in a minute",
                "none",
                [(rate("tertulia_client_gaps_total"), "gaps"), (rate("tertulia_client_gap_seconds_total"), "seconds")],
                "As the pages report them.",
            ),
            Panel(
                "Given up, in a minute",
                "none",
                [(rate("tertulia_dead_letters_total", "stage"), "{{stage}}")],
                "A user got an error instead of a reply.",
            ),
            Panel(
                "Failed attempts, in a minute",
                "none",
                [(rate("tertulia_work_failures_total", "stage", "kind"), "{{stage}}: {{kind}}")],
                "They are repeated.",
            ),
            Panel(
                "Turns by result, in a minute",
                "none",
                [(rate("tertulia_llm_turns_total", "result"), "{{result}}")],
                "failed: the client was told why.",
            ),
            Panel(
                "Failed requests to the model, in a minute",
                "none",
                [(rate("tertulia_llm_failures_total", "code"), "{{code}}")],
                "Including those whose repetition succeeded.",
            ),
            Panel(
                "Speech, in a minute",
                "none",
                [
                    (rate("tertulia_tts_failures_total"), "sentences skipped"),
                    (rate("tertulia_tts_replaced_voices_total"), "messages in another voice"),
                ],
                "The log of tts has the reason.",
            ),
            Panel(
                "Connections, in a minute",
                "none",
                [
                    (rate("tertulia_connections_refused_total", "reason"), "refused: {{reason}}"),
                    (rate("tertulia_resumes_total"), "resumed"),
                ],
                "Many resumed: clients keep losing their connection.",
            ),
        ),
    ),
    (
        "Is it full?",
        (
            Panel(
                "Memory of Redis",
                "bytes",
                [("max(tertulia_redis_used_bytes)", "used"), ("max(tertulia_redis_limit_bytes) > 0", "limit")],
                "Above 85 % of the limit old sound is deleted.",
            ),
            Panel(
                "Sound deleted early, in a minute",
                "bytes",
                [(rate("tertulia_redis_sound_freed_bytes_total"), "deleted")],
                "Because Redis was nearly full.",
            ),
            Panel(
                "Writes that wait for the store",
                "none",
                [("max(tertulia_store_outbox_entries)", "waiting")],
                "Rising: the store is unavailable.",
            ),
            Panel("Connections", "none", [("sum(tertulia_connections)", "open")], "Open WebSockets of all gateways."),
            Panel(
                "CPU",
                "none",
                [
                    (
                        'sum by (service) (rate(process_cpu_seconds_total{job="tertulia"}[$__rate_interval]))',
                        "{{service}}",
                    )
                ],
                "Cores in use.",
            ),
            Panel(
                "Memory of the services",
                "bytes",
                [('sum by (service) (process_resident_memory_bytes{job="tertulia"})', "{{service}}")],
                "All processes of a service together.",
            ),
            Panel(
                "CPU for each turn",
                "s",
                [
                    (
                        f"{CPU} / (sum(rate(tertulia_turns_total[$__rate_interval])) > 0)",
                        "all services",
                    )
                ],
                "Includes what idle services use.",
            ),
            Panel(
                "Tokens in a minute",
                "none",
                [(rate("tertulia_llm_tokens_total", "kind"), "{{kind}}")],
                "As the model server counts them.",
            ),
        ),
    ),
)
