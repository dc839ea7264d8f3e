"""Every metric of Tertulia: name, unit, meaning, buckets. docs/metrics.md explains bad values.

Units are seconds unless the name says otherwise. No label ever has an id, a character or a text as its value.
"""

from __future__ import annotations

from tertulia_shared.keys import STAGES
from tertulia_shared.metrics.family import CounterFamily, Family, GaugeFamily, HistogramFamily
from tertulia_shared.problems import CODES

HOP_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
"""From one millisecond, the resolution of an entry's time, to a minute, the longest that a client waits."""
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Dense between 0.1 and 2 s, the range between a quick and a slow conversation."""
ROUND_TRIP_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0)
RATIO_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 4.0)
"""Seconds of work per second of sound; at 1 or more the listener has to wait."""

HOPS = ("mic", "turns", "sentences", "audio", "events", "work_stt", "work_llm", "work_tts")
SOURCES = ("typed", "spoken", "request")
ENGINE = {"engine": None}
STAGE = {"stage": STAGES}

# -- the process

BUILD_INFO = GaugeFamily(
    "tertulia_build_info",
    "Always 1. The labels name the service, its release, and the schema version that it writes.",
    {"service": None, "version": None, "schema_version": None},
)
HEALTHY = GaugeFamily("tertulia_healthy", "1 while /healthz answers ok, else 0.")
LOOP_DELAY = HistogramFamily(
    "tertulia_event_loop_delay_seconds",
    "Delay of a timer on the event loop, measured about once a second.",
    buckets=HOP_BUCKETS,
)
REDIS_ROUND_TRIP = HistogramFamily(
    "tertulia_redis_round_trip_seconds",
    "Round trip to Redis, measured with each heartbeat (about once a second).",
    buckets=ROUND_TRIP_BUCKETS,
)
REDIS_FAILURES = CounterFamily("tertulia_redis_failures_total", "Heartbeats that Redis did not accept.")

TRACE_SPANS = CounterFamily(
    "tertulia_trace_spans_total",
    "Spans of traces, by result: sent to the collector, or lost because it did not accept them in time.",
    {"result": ("sent", "lost")},
)

# -- between the stages

HOP = HistogramFamily(
    "tertulia_hop_seconds",
    "Time from the write of an entry to its read. The write time is the entry's ts (writer's clock), for work its id "
    "(Redis' clock).",
    {"hop": HOPS},
    HOP_BUCKETS,
)

# -- work: every worker

JOBS = GaugeFamily("tertulia_jobs", "Pieces of work in progress at this worker.", STAGE)
SLOTS = GaugeFamily("tertulia_slots", "Most pieces of work that this worker runs at once.", STAGE)
CLAIMS = CounterFamily("tertulia_claims_total", "New pieces of work claimed.", STAGE)
TAKEOVERS = CounterFamily(
    "tertulia_takeovers_total", "Pieces of work taken over: nacked, or the lease of their worker expired.", STAGE
)
ENDINGS = CounterFamily(
    "tertulia_work_ended_total",
    "Ended attempts at pieces of work, by ending.",
    {**STAGE, "ending": ("finished", "lost", "failed", "passed_on", "handed_back", "dead")},
)
RENEWALS_LATE = CounterFamily(
    "tertulia_lease_renewals_late_total",
    "Renewals of a worker's leases that came later than half a lease after the renewal before.",
    STAGE,
)
FAILURES = CounterFamily(
    "tertulia_work_failures_total",
    "Failed attempts that are repeated, by the part that failed.",
    {**STAGE, "kind": ("engine", "redis", "unexpected")},
)
DEAD_LETTERS = CounterFamily(
    "tertulia_dead_letters_total",
    "Dead letters written; stage store: writes that the store refused.",
    {"stage": (*STAGES, "store")},
)

# -- work: the backlog, as one of the gateways reads it from Redis

WORK_WAITING = GaugeFamily(
    "tertulia_work_waiting",
    "Pieces of work that wait for a worker: new, or requeued by a worker that stopped.",
    STAGE,
)
WORK_HELD = GaugeFamily("tertulia_work_held", "Pieces of work that a worker has claimed and not finished.", STAGE)
WORK_HANDED_BACK = GaugeFamily(
    "tertulia_work_handed_back",
    "Pieces of work that a worker nacked (it broke, or left them to a newer release), not taken over yet.",
    STAGE,
)
WORK_OLDEST_WAITING = GaugeFamily(
    "tertulia_work_oldest_waiting_seconds", "Age of the oldest waiting piece of work; 0 if none waits.", STAGE
)
WORK_OLDEST_HELD = GaugeFamily(
    "tertulia_work_oldest_held_seconds",
    "Age (since its post) of the oldest claimed, unfinished piece of work; 0 if there is none.",
    STAGE,
)
WORKERS = GaugeFamily("tertulia_workers", "Workers with a recent heartbeat.", STAGE)
OUTBOX_ENTRIES = GaugeFamily("tertulia_store_outbox_entries", "Writes that wait in Redis for the store.")
DEAD_ENTRIES = GaugeFamily("tertulia_dead_letter_entries", "Dead letters in Redis.")
REDIS_UP = GaugeFamily("tertulia_redis_up", "1 if Redis answered the gateway's last check, else 0.")
REDIS_WRITES_PAUSED = GaugeFamily(
    "tertulia_redis_writes_paused",
    "1 while Redis answers but refuses writes (out of memory, full disk, read-only), else 0.",
)

PROBLEM = GaugeFamily(
    "tertulia_problem", "1 while the installation has this problem, as /readyz reports it, else 0.", {"code": CODES}
)

# -- the memory of Redis, as one of the llm workers reads it

REDIS_USED = GaugeFamily("tertulia_redis_used_bytes", "Memory that Redis counts towards its limit.")
REDIS_LIMIT = GaugeFamily(
    "tertulia_redis_limit_bytes", "Memory limit of Redis: maxmemory, or TERTULIA_REDIS_BUDGET_MB; 0 if there is none."
)
REDIS_SOUND_FREED = CounterFamily(
    "tertulia_redis_sound_freed_bytes_total", "Sound that was deleted before it expired, because Redis was nearly full."
)

# -- the store

STORE_WRITES = CounterFamily(
    "tertulia_store_writes_total",
    "Writes to the store: direct, or through the outbox while the store is unavailable or behind.",
    {"way": ("direct", "outbox")},
)

# -- stt

STT_TRANSCRIPT = HistogramFamily(
    "tertulia_stt_transcript_seconds",
    "Time from the detected end of speech to the final transcript.",
    ENGINE,
    LATENCY_BUCKETS,
)
STT_UTTERANCES = CounterFamily(
    "tertulia_stt_utterances_total",
    "Turns, and sound that became no part of a turn, by result: a turn, only a request to stop, no words, or ignored"
    " (an echo, a cough, an mm-hm).",
    {"result": ("turn", "stop", "no_words", "ignored")},
)
STT_BARGE_INS = CounterFamily(
    "tertulia_stt_barge_ins_total",
    "Speech that began while a character spoke and became part of a turn.",
)
STT_GUESSES = CounterFamily(
    "tertulia_stt_guesses_total",
    "Turns given to the model at a pause before their end was certain, by result: kept or withdrawn.",
    {"result": ("kept", "withdrawn")},
)
STT_REOPENED = CounterFamily(
    "tertulia_stt_turns_reopened_total",
    "Turns that had ended and that the user continued before a reply was heard.",
)

# -- llm

LLM_FIRST_TOKEN = HistogramFamily(
    "tertulia_llm_first_token_seconds",
    "Time from a worker's start of a turn to the first text of its first reply.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_FIRST_SENTENCE = HistogramFamily(
    "tertulia_llm_first_sentence_seconds",
    "Time from a worker's start of a turn to the first sentence that can be spoken.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_TURN = HistogramFamily(
    "tertulia_llm_turn_seconds",
    "Time from a worker's start of a turn to the end of its text, without interrupted turns.",
    ENGINE,
    LATENCY_BUCKETS,
)
LLM_TURNS = CounterFamily(
    "tertulia_llm_turns_total",
    "Ended turns, by result.",
    {"result": ("complete", "interrupted", "failed", "withdrawn")},
)
LLM_FAILURES = CounterFamily(
    "tertulia_llm_failures_total",
    "Failed requests to the model server, including those whose repetition succeeded.",
    {
        "code": (
            "llm_unavailable",
            "llm_bad_request",
            "llm_auth",
            "llm_credit",
            "llm_model",
            "llm_rate",
            "llm_address",
            "llm_context",
            "llm_reasoning",
            "llm_no_text",
            "llm_filtered",
            "llm_refused",
            "llm_tool_call",
        )
    },
)
LLM_TOKENS = CounterFamily(
    "tertulia_llm_tokens_total", "Tokens, as the model server counts them.", {"kind": ("prompt", "completion")}
)
LLM_SUMMARIES = CounterFamily(
    "tertulia_llm_summaries_total",
    "Attempts to extend the summary of a conversation, by result.",
    {"result": ("made", "cancelled", "outdated", "failed")},
)
LLM_SUMMARY_TOKENS = CounterFamily(
    "tertulia_llm_summary_tokens_total",
    "Tokens of the requests for summaries, as the model server counts them.",
    {"kind": ("prompt", "completion")},
)

# -- tts

TTS_FIRST_CHUNK = HistogramFamily(
    "tertulia_tts_first_chunk_seconds",
    "Time from the start of a sentence's synthesis to its first new chunk of sound.",
    ENGINE,
    LATENCY_BUCKETS,
)
TTS_RATIO = HistogramFamily(
    "tertulia_tts_real_time_ratio",
    "Seconds of synthesis per second of sound, for each sentence.",
    ENGINE,
    RATIO_BUCKETS,
)
TTS_AUDIO = CounterFamily("tertulia_tts_audio_seconds_total", "Seconds of synthesized sound.", ENGINE)
TTS_STAND_INS = CounterFamily(
    "tertulia_tts_stand_ins_total", "Sentences spoken because the preferred engine did not speak them.", ENGINE
)
TTS_FAILURES = CounterFamily(
    "tertulia_tts_failures_total", "Sentences that were skipped because they could not be spoken."
)
TTS_REPLACED_VOICES = CounterFamily(
    "tertulia_tts_replaced_voices_total", "Messages spoken in another voice, because the engine lacks the character's."
)

# -- the gateway

CONNECTIONS = GaugeFamily("tertulia_connections", "Open WebSocket connections.")
CONNECTIONS_TOTAL = CounterFamily("tertulia_connections_accepted_total", "Accepted WebSocket connections.")
CONNECTIONS_REFUSED = CounterFamily(
    "tertulia_connections_refused_total",
    "Refused WebSocket connections, by reason.",
    {"reason": ("access", "stopping", "full")},
)
RESUMES = CounterFamily("tertulia_resumes_total", "Resumed conversations.")
REPLACED = CounterFamily(
    "tertulia_replaced_clients_total", "Clients that a newer connection to the same conversation replaced."
)
TURNS = CounterFamily("tertulia_turns_total", "Turns accepted.", {"source": SOURCES})
INTERRUPTIONS = CounterFamily(
    "tertulia_interruptions_total",
    "Interrupted replies, by cause: the user's next message (turn), or a request of the client (request).",
    {"cause": ("turn", "request")},
)
TURN_FIRST_TEXT = HistogramFamily(
    "tertulia_turn_first_text_seconds",
    "Time from a turn's acceptance to its first text at the client's socket.",
    {"source": SOURCES},
    LATENCY_BUCKETS,
)
TURN_FIRST_SOUND = HistogramFamily(
    "tertulia_turn_first_sound_seconds",
    "Time from a turn's acceptance to its first sound at the client's socket.",
    {"source": SOURCES},
    LATENCY_BUCKETS,
)

REPLIES_WITHOUT_SOUND = CounterFamily(
    "tertulia_replies_without_sound_total",
    "Replies of which the client got no sound, by cause: the voice made none (silent), or the turn ended after a wait"
    " of 10 s or more (waited).",
    {"cause": ("silent", "waited")},
)
CLIENT_GAPS = CounterFamily(
    "tertulia_client_gaps_total", "Gaps within a message at the clients: the next sound had not arrived in time."
)
CLIENT_GAP_SECONDS = CounterFamily("tertulia_client_gap_seconds_total", "Total length of these gaps.")

FAMILIES: tuple[Family, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Family))
"""All families, in the order above."""
