"""Every Redis key of Tertulia, with its TTL and its bound.

Keys of one conversation carry its id in braces. One script may touch several of them; no script touches two
conversations, or a conversation and a work stream. Redis Cluster is not supported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["stt", "llm", "tts"]
STAGES: tuple[Stage, ...] = ("stt", "llm", "tts")

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
SOUND_GRACE_S = 2 * MINUTE_S
"""Seconds for which finished sound stays in Redis: long enough for a client that reloads its page, or for an
inspection."""


@dataclass(frozen=True, slots=True)
class Key:
    """A Redis key: its name, its TTL in seconds since the last write, and, for a stream, its bound in entries."""

    name: str
    ttl_s: int
    max_len: int | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def opened(self) -> str:
        """The open name of a stream, which it has only within a transaction that appends sound (see
        `bus.fenced_append`)."""
        return f"{self.name}:open"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in one namespace (`tertulia` unless configured; each test uses its own)."""

    ns: str = "tertulia"

    def work(self, stage: Stage) -> Key:
        """The work queue of a stage's consumer group. Finished entries are deleted, so its length is the open work."""
        return Key(f"{self.ns}:work:{stage}", 7 * DAY_S, 100_000)

    def work_failure(self, stage: Stage, work_id: str) -> Key:
        """String: the reason why the last attempt at a piece of work failed."""
        return Key(f"{self.ns}:work:{stage}:{work_id}:failure", DAY_S)

    def work_left(self, stage: Stage, work_id: str) -> Key:
        """String, a number: the deliveries that are not failed attempts (left to a newer release, Redis
        unavailable)."""
        return Key(f"{self.ns}:work:{stage}:{work_id}:left", DAY_S)

    def mic(self, conversation_id: str, session_id: str) -> Key:
        """PCM of one listening session; the bound is two minutes at the smallest frame (20 ms).

        It expires `SOUND_GRACE_S` after the session's end.
        """
        return Key(f"{self._conversation(conversation_id)}:mic:{session_id}", 15 * MINUTE_S, 6_000)

    def mic_progress(self, conversation_id: str, session_id: str) -> Key:
        """Hash: how far the session is transcribed.

        `sample`: the transcription before it is final; it is in the entry `entry`, which begins at `entry_sample`;
        `pending`: msgpack of the turn being spoken, or of the last one; `ended`: the session is over. It outlives the
        PCM: words that were recognized must become a turn, even if no worker is there for hours.
        """
        return Key(f"{self._conversation(conversation_id)}:mic:{session_id}:progress", DAY_S)

    def turns(self, conversation_id: str) -> Key:
        """The user's messages, in order."""
        return Key(f"{self._conversation(conversation_id)}:turns", DAY_S, 1_000)

    def turn_seen(self, conversation_id: str, turn_id: str) -> Key:
        """String "1": this turn was written, so that a repeat of the client's message has no effect."""
        return Key(f"{self._conversation(conversation_id)}:turn:{turn_id}", DAY_S)

    def sentences(self, conversation_id: str, message_id: str) -> Key:
        """A reply's sentences, one per entry: (i+1)-0; the final entry marks the end."""
        return Key(f"{self._conversation(conversation_id)}:{message_id}:sentences", HOUR_S, 2_000)

    def audio(self, conversation_id: str, message_id: str) -> Key:
        """A reply's sound, one chunk per entry: (i+1)-(k+1); the final entry is (n+1)-0.

        It expires `SOUND_GRACE_S` after it was heard to its end, or cut off and settled; unheard sound expires after an
        hour.
        """
        return Key(f"{self._conversation(conversation_id)}:{message_id}:audio", HOUR_S, 20_000)

    def events(self, conversation_id: str) -> Key:
        """The events for the client, in order."""
        return Key(f"{self._conversation(conversation_id)}:events", DAY_S, 20_000)

    def control(self, conversation_id: str) -> Key:
        """Commands to the workers of this conversation."""
        return Key(f"{self._conversation(conversation_id)}:control", DAY_S, 200)

    def receipts(self, conversation_id: str) -> Key:
        """The client's receipts of played sound."""
        return Key(f"{self._conversation(conversation_id)}:receipts", HOUR_S, 2_000)

    def state(self, conversation_id: str) -> Key:
        """Hash: the conversation's current state, for all stages (`conversation_state`).

        `epoch`; `talk` (a reply is being made or heard); `cut` (the last epoch that cut one off); `cursor` (the last
        finished turn); `plan`, `started`, `complete`, `failed` (the turn being answered and its progress); `settled`
        (the turn whose interruption is settled); `ended` (the turn of the last `turn_complete`); `warned` (the client
        was warned that the store is unavailable); `settings` (of the model); `client` (the connection served);
        `tentative` (the turn that waits to be confirmed); `withdrawn` (the last withdrawn versions of turns, separated
        by spaces); `sounding` (the epoch of which the client was sent sound); `answering` (who answers a remark that is
        addressed to no one); `muted` (ids of characters that do not answer, separated by commas); `discussion` (most
        replies that the characters give among themselves; "0": they do not); `listening` (the newest listening session;
        with "/open" if its connection was lost, and the next session may continue its turn);
        `user_name` (the name that the characters call the user by); `cast` (JSON: the characters at the table);
        `persona` (JSON: who the user is); `note` (JSON: the author's note); `lorebook` (the revision of the
        conversation's lorebook; "": it has none); `summary` (JSON: the summary of the messages that left the prompt).
        """
        return Key(f"{self._conversation(conversation_id)}:state", 2 * DAY_S)

    def lorebook(self, conversation_id: str) -> Key:
        """Hash: the conversation's lorebook: `content` (JSON, at most 512 KiB) and its `revision`.

        The gateway writes it again when a client resumes and the state has expired.
        """
        return Key(f"{self._conversation(conversation_id)}:lorebook", 7 * DAY_S)

    def owner(self, conversation_id: str, thing: str) -> Key:
        """String `<work entry id>/<attempt>`: the token that may write for `thing` (`turns`, a message, a session)."""
        return Key(f"{self._conversation(conversation_id)}:{thing}:owner", DAY_S)

    def store(self) -> Key:
        """Outbox: writes that the store may not have yet; deleted when it has them."""
        return Key(f"{self.ns}:store", 7 * DAY_S, 100_000)

    def held_back(self) -> Key:
        """Deferred outbox entries: entries of a newer release, and the later entries of the same conversations."""
        return Key(f"{self.ns}:store:held", 7 * DAY_S, 100_000)

    def drainer(self) -> Key:
        """String, a lease of the llm worker that empties the outbox."""
        return Key(f"{self.ns}:store:drainer", 8)

    def cast(self) -> Key:
        """Hash: the characters as last read, for use while the store is unavailable: `speakers` (msgpack of the active
        ones), `inactive` (of the others) and `lorebooks` (msgpack of their lorebooks by id, at most 4 MiB).
        """
        return Key(f"{self.ns}:cast", 7 * DAY_S)

    def character_names(self) -> Key:
        """Hash: `names`, a JSON list of the names of the active characters; `by_id`, a JSON object of all names by id.
        llm workers write it again regularly.
        """
        return Key(f"{self.ns}:character_names", DAY_S)

    def dead(self) -> Key:
        """Dead letters: work that was given up, with the reason and the last error."""
        return Key(f"{self.ns}:dead", 30 * DAY_S, 10_000)

    def dead_aside(self) -> Key:
        """Dead letters that Redis refuses in `dead`: that key is of another type, or its ids are used up."""
        return Key(f"{self.ns}:dead:aside", 30 * DAY_S, 10_000)

    def broadcast(self) -> Key:
        """Commands to every worker (a character was edited)."""
        return Key(f"{self.ns}:broadcast", DAY_S, 100)

    def workers(self) -> Key:
        """Sorted set: each live worker (`stage:name:engine`) with the time of its last heartbeat (s since 1970)."""
        return Key(f"{self.ns}:workers", DAY_S)

    def slots(self) -> Key:
        """Sorted set: each live worker with its slots (`stage:name:slots`) and the time of its last heartbeat."""
        return Key(f"{self.ns}:slots", DAY_S)

    def speech_workers(self) -> Key:
        """Hash: what each tts worker can speak, by its name, as JSON {engine, tier, slots, languages, voices, clones,
        at (s since 1970)}. An entry is deleted ten minutes after its last refresh."""
        return Key(f"{self.ns}:speech_workers", DAY_S)

    def voices(self) -> Key:
        """Hash: each speech engine's voices, msgpack of [{id, name, language, description, monolingual}]. An engine
        that has stopped keeps its field until the hash expires, a day after the last write of any worker."""
        return Key(f"{self.ns}:voices", DAY_S)

    def models(self) -> Key:
        """Hash: each model that is or was in use, as JSON {server, model, context_tokens, changes, at (ms)}."""
        return Key(f"{self.ns}:models", DAY_S)

    def engines(self) -> Key:
        """Hash: each engine that workers of stt and tts use (`stage:engine`), as JSON {stage, engine, reason}."""
        return Key(f"{self.ns}:engines", DAY_S)

    def engine_speeds(self) -> Key:
        """Hash: the measured speed of an engine on a kind of machine (`engine:machine`), as JSON {factor, at, busy}."""
        return Key(f"{self.ns}:engines:speeds", 30 * DAY_S)

    def speed_keeper(self) -> Key:
        """String, a lease of the tts worker that measures the speed of an engine."""
        return Key(f"{self.ns}:engines:keeper", MINUTE_S)

    def model_requests(self) -> Key:
        """Requests of the gateways about the model server, for the llm worker that has the lease `model_keeper`."""
        return Key(f"{self.ns}:model:requests", MINUTE_S, 100)

    def model_answer(self, request_id: str) -> Key:
        """Stream of one entry: the answer to a request in `model_requests`. The gateway deletes it."""
        return Key(f"{self.ns}:model:answer:{request_id}", MINUTE_S, 4)

    def model_keeper(self) -> Key:
        """String, a lease of the llm worker that serves `model_requests`."""
        return Key(f"{self.ns}:model:keeper", 3)

    def clips(self) -> Key:
        """The voices made from recordings: each entry lists all of them, and the last entry is valid."""
        return Key(f"{self.ns}:clips", DAY_S, 10)

    def clip(self, clip_id: str) -> Key:
        """Hash: `pcm`, the recording of a voice (at most 30 s, 1.4 MB). The gateway writes it again every few hours."""
        return Key(f"{self.ns}:clip:{clip_id}", DAY_S)

    def clip_faults(self) -> Key:
        """Hash: why an engine cannot use a recording (`engine:clip_id`), as text; without a field if it can."""
        return Key(f"{self.ns}:clips:faults", DAY_S)

    def space_keeper(self) -> Key:
        """String, a lease of the llm worker that deletes old sound when Redis is nearly full."""
        return Key(f"{self.ns}:space:keeper", 8)

    def summaries_due(self) -> Key:
        """Hash: each conversation whose summary is to be extended (its id), with the number of its last messages that
        stay outside; "" leaves this to the llm worker.
        """
        return Key(f"{self.ns}:summaries", 7 * DAY_S)

    def summarizer(self) -> Key:
        """String, a lease of the llm worker that makes summaries."""
        return Key(f"{self.ns}:summaries:keeper", 8)

    def probe(self) -> Key:
        """String "1": the gateways write it repeatedly to find out whether Redis takes writes."""
        return Key(f"{self.ns}:probe", MINUTE_S)

    def _conversation(self, conversation_id: str) -> str:
        return f"{self.ns}:{{{conversation_id}}}"

    def every_turns(self) -> str:
        """The pattern that finds each conversation's `turns` (for the sweep; never on a hot path)."""
        return f"{self.ns}:{{*}}:turns"

    def every_audio(self) -> str:
        """The pattern that finds each message's `audio` (only to free memory)."""
        return f"{self.ns}:{{*}}:*:audio"

    def conversation_of(self, name: str) -> str:
        """The conversation id in a key's name; "" if it has none."""
        start, end = name.find("{"), name.find("}")
        return name[start + 1 : end] if 0 <= start < end else ""
