"""Every metric of Tertulia: name, unit, meaning, buckets. docs/metrics.md explains bad values.

Units are seconds unless the name says otherwise. No label ever has an id, a character or a text as its value.
"""

from __future__ import annotations

from tertulia_shared.keys import STAGES
from tertulia_shared.metrics.family import CounterFamily, Family, GaugeFamily, HistogramFamily

HOP_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
"""Entries carry whole milliseconds; no client waits longer than a minute."""
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Dense between 0.1 and 2 s, the range between a quick and a slow conversation."""
ROUND_TRIP_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0)
RATIO_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 4.0)
"""Seconds of work per second of sound: from 1 on the listener waits."""

HOPS = ("mic", "turns", "sentences", "audio", "events", "work_stt", "work_llm", "work_tts")
SOURCES = ("typed", "spoken")
ENGINE = {"engine": None}
STAGE = {"stage": STAGES}

# -- the process

BUILD_INFO = GaugeFamily(
    "tertulia_build_info",
    "Always 1: what runs here, of which release, and the schema version of the entries it writes.",
    {"service": None, "version": None, "schema_version": None},
)
HEALTHY = GaugeFamily("tertulia_healthy", "1 while /healthz says ok, else 0.")
LOOP_DELAY = HistogramFamily(
    "tertulia_event_loop_delay_seconds",
    "How much later than asked the event loop woke a timer, once a second or so.",
    buckets=HOP_BUCKETS,
)
REDIS_ROUND_TRIP = HistogramFamily(
    "tertulia_redis_round_trip_seconds",
    "Round trip to Redis, taken with each sign of life (once a second or so).",
    buckets=ROUND_TRIP_BUCKETS,
)
REDIS_FAILURES = CounterFamily("tertulia_redis_failures_total", "Signs of life that Redis did not take.")

# -- between the stages

HOP = HistogramFamily(
    "tertulia_hop_seconds",
    "From an entry's ts, by its writer's clock (work: from its id, by Redis' clock), until its "
    "reader took it, by the reader's clock.",
    {"hop": HOPS},
    HOP_BUCKETS,
)

# -- work: every worker

JOBS = GaugeFamily("tertulia_jobs", "Pieces of work that this worker is at.", STAGE)
SLOTS = GaugeFamily("tertulia_slots", "Pieces of work that this worker takes at once.", STAGE)
CLAIMS = CounterFamily("tertulia_claims_total", "New pieces of work claimed.", STAGE)
TAKEOVERS = CounterFamily(
    "tertulia_takeovers_total", "Pieces of work taken over: handed back, or their worker was not heard of.", STAGE
)
ENDINGS = CounterFamily(
    "tertulia_work_ended_total",
    "How attempts at a piece of work ended.",
    {**STAGE, "ending": ("finished", "lost", "failed", "passed_on", "handed_back", "dead")},
)
FAILURES = CounterFamily(
    "tertulia_work_failures_total",
    "Attempts that failed and are to be made again, by what failed.",
    {**STAGE, "kind": ("engine", "redis", "unexpected")},
)
DEAD_LETTERS = CounterFamily(
    "tertulia_dead_letters_total",
    "What was given up and put into the dead stream; stage store: a write that the store refused.",
    {"stage": (*STAGES, "store")},
)

# -- work: the backlog, as one of the gateways reads it from Redis

WORK_WAITING = GaugeFamily(
    "tertulia_work_waiting",
    "Pieces of work that wait for a worker: just posted, or passed on by one that stopped.",
    STAGE,
)
WORK_HELD = GaugeFamily("tertulia_work_held", "Pieces of work that a worker holds.", STAGE)
WORK_HANDED_BACK = GaugeFamily(
    "tertulia_work_handed_back",
    "Pieces of work that a worker gave back because it broke, or left to a newer release, not taken over yet.",
    STAGE,
)
WORK_OLDEST_WAITING = GaugeFamily(
    "tertulia_work_oldest_waiting_seconds", "Age of the oldest piece of work that waits; 0: none.", STAGE
)
WORK_OLDEST_HELD = GaugeFamily(
    "tertulia_work_oldest_held_seconds",
    "Age, since it was posted, of the oldest piece of work that was given out and not finished; 0: none.",
    STAGE,
)
WORKERS = GaugeFamily("tertulia_workers", "Workers that were heard of lately.", STAGE)
OUTBOX_ENTRIES = GaugeFamily("tertulia_store_outbox_entries", "Writes that wait in Redis for the store.")
DEAD_ENTRIES = GaugeFamily("tertulia_dead_letter_entries", "Entries of the dead stream.")
REDIS_UP = GaugeFamily("tertulia_redis_up", "1 if Redis answered the gateway's last look, else 0.")
REDIS_WRITES_PAUSED = GaugeFamily(
    "tertulia_redis_writes_paused",
    "1 while Redis answers a gateway but takes no writes (no memory, full disk, read-only), else 0.",
)

# -- the memory of Redis, as one of the llm workers reads it

REDIS_USED = GaugeFamily("tertulia_redis_used_bytes", "Memory that Redis uses, as it counts it against its limit.")
REDIS_LIMIT = GaugeFamily("tertulia_redis_limit_bytes", "Its limit: maxmemory, or TERTULIA_REDIS_BUDGET_MB; 0: none.")
REDIS_SOUND_FREED = CounterFamily(
    "tertulia_redis_sound_freed_bytes_total", "Sound that was deleted before its time because Redis was nearly full."
)

# -- the store

STORE_WRITES = CounterFamily(
    "tertulia_store_writes_total",
    "Writes to the store, by the way they went: direct, or outbox where it was away or behind.",
    {"way": ("direct", "outbox")},
)

# -- stt

STT_TRANSCRIPT = HistogramFamily(
    "tertulia_stt_transcript_seconds",
    "From the end of speech, as it is noticed, to the final transcript.",
    ENGINE,
    LATENCY_BUCKETS,
)
STT_UTTERANCES = CounterFamily(
    "tertulia_stt_utterances_total",
    "Utterances, by what became of them: a turn, none (no words in it), ignored (an echo, a cough, an mm-hm).",
    {"result": ("turn", "no_words", "ignored")},
)
STT_BARGE_INS = CounterFamily(
    "tertulia_stt_barge_ins_total",
    "Utterances that began over a character and were meant: they cut it off, or answered its last words.",
)

# -- llm

LLM_FIRST_TOKEN = HistogramFamily(
    "tertulia_llm_first_token_seconds",
    "From the moment a worker took a turn to the first text of its first reply.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_FIRST_SENTENCE = HistogramFamily(
    "tertulia_llm_first_sentence_seconds",
    "From the moment a worker took a turn to the first sentence that can be spoken.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_TURN = HistogramFamily(
    "tertulia_llm_turn_seconds",
    "From the moment a worker took a turn to the end of all its text, of turns that were not cut off.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_TURNS = CounterFamily(
    "tertulia_llm_turns_total",
    "Turns, by how they ended.",
    {"result": ("complete", "interrupted", "failed")},
)
LLM_FAILURES = CounterFamily(
    "tertulia_llm_failures_total",
    "Requests to the model server that failed, also those that were made again with success.",
    {
        "code": (
            "llm_unavailable", "llm_bad_request", "llm_auth", "llm_credit", "llm_model", "llm_rate", "llm_address",
            "llm_context",
        )
    },
)  # fmt: skip
LLM_TOKENS = CounterFamily(
    "tertulia_llm_tokens_total", "Tokens, as the model server counts them.", {"kind": ("prompt", "completion")}
)

# -- tts

TTS_FIRST_CHUNK = HistogramFamily(
    "tertulia_tts_first_chunk_seconds",
    "From the moment a sentence was taken to its first new chunk of sound.",
    ENGINE,
    LATENCY_BUCKETS,
)
TTS_RATIO = HistogramFamily(
    "tertulia_tts_real_time_ratio",
    "Seconds a sentence took to make for each second that it lasts.",
    ENGINE,
    RATIO_BUCKETS,
)
TTS_AUDIO = CounterFamily("tertulia_tts_audio_seconds_total", "Seconds of sound made.", ENGINE)
TTS_FAILURES = CounterFamily("tertulia_tts_failures_total", "Sentences that could not be spoken and were left out.")

# -- the gateway

CONNECTIONS = GaugeFamily("tertulia_connections", "WebSocket connections that are open.")
CONNECTIONS_TOTAL = CounterFamily("tertulia_connections_accepted_total", "WebSocket connections that were let in.")
CONNECTIONS_REFUSED = CounterFamily(
    "tertulia_connections_refused_total",
    "WebSocket connections that were refused, by why.",
    {"reason": ("access", "stopping", "full")},
)
RESUMES = CounterFamily("tertulia_resumes_total", "Conversations that a client took up again.")
REPLACED = CounterFamily("tertulia_replaced_clients_total", "Clients whose conversation a newer connection took over.")
TURNS = CounterFamily("tertulia_turns_total", "Turns accepted.", {"source": SOURCES})
INTERRUPTIONS = CounterFamily(
    "tertulia_interruptions_total",
    "Replies cut off: by what the user wrote or said next (turn), or because the client asked for it (request).",
    {"cause": ("turn", "request")},
)
TURN_FIRST_TEXT = HistogramFamily(
    "tertulia_turn_first_text_seconds",
    "From a turn's acceptance until its first text was sent to the client.",
    {"source": SOURCES},
    LATENCY_BUCKETS,
)
TURN_FIRST_SOUND = HistogramFamily(
    "tertulia_turn_first_sound_seconds",
    "From a turn's acceptance until its first sound was sent to the client.",
    {"source": SOURCES},
    LATENCY_BUCKETS,
)

FAMILIES: tuple[Family, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Family))
"""All families, in the order above."""
