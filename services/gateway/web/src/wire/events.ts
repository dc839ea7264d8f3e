/**
 * Parses the events in the server's text frames. Each event type has a shape, against which an event is checked
 * (docs/protocol.md).
 */

type Reader<T> = (value: unknown) => T | undefined;

const str: Reader<string> = (value) => (typeof value === "string" ? value : undefined);
const num: Reader<number> = (value) => (typeof value === "number" ? value : undefined);
const bool: Reader<boolean> = (value) => (typeof value === "boolean" ? value : undefined);
const record: Reader<Record<string, unknown>> = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/** A reader for an optional field. It returns `fallback` if the field is missing. */
function or<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return (value) => (value === undefined ? fallback : reader(value));
}

function oneOf<const T extends string>(...allowed: T[]): Reader<T> {
  return (value) => allowed.find((each) => each === value);
}

function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const items = value.map(read);
    return items.every((item) => item !== undefined) ? (items as T[]) : undefined;
  };
}

type Shape = Record<string, Reader<unknown>>;
type Read<S extends Shape> = { readonly [F in keyof S]: Exclude<ReturnType<S[F]>, undefined> };

function shaped<S extends Shape>(shape: S): Reader<Read<S>> {
  return (value) => {
    const source = record(value);
    return source && (readShape(shape, source).fields as Read<S> | undefined);
  };
}

const nullableNumber: Reader<number | null> = (value) =>
  value === undefined || value === null ? null : typeof value === "number" ? value : undefined;
const nullableText: Reader<string | null> = (value) =>
  value === undefined || value === null ? null : typeof value === "string" ? value : undefined;

const session = { session_id: or(str, "") };
/**
 * Offsets in the message's text, in Unicode code points. Empty if the llm worker is of a release that does not send
 * them.
 */
const sentenceEnds = or(listOf(num), []);

/** The planned replies of a turn. */
const replies = listOf(
  shaped({ message_id: str, character_id: str, character_name: or(str, ""), reason: or(str, "") }),
);

/** A message that came back to the table, as in `GET /api/conversations/ID`. */
const restoredMessage = shaped({
  id: str,
  turn_id: str,
  role: oneOf("user", "character"),
  character_id: nullableText,
  character_name: or(str, ""),
  text: str,
  unheard: or(str, ""),
  status: or(oneOf("streaming", "complete", "interrupted", "failed"), "complete"),
  versions: or(listOf(str), []),
});

const answeringMode = oneOf("fitting", "everyone", "named", "in_turn");
/** null: the server's default, or a mode of a newer server. */
const nullableMode: Reader<AnsweringMode | null> = (value) => answeringMode(value) ?? null;

/** null: all active characters. */
const nullableIds: Reader<readonly string[] | null> = (value) =>
  value === undefined || value === null ? null : listOf(str)(value);

const EVENTS = {
  conversation_started: {
    conversation_id: str,
    resumed: or(bool, false),
    demo: or(bool, false),
    heard: or(
      listOf(
        shaped({
          message_id: str,
          sentence_index: num,
          chunk_index: or(num, 0),
          next_samples: or(num, 0),
          played_ms: or(num, 0),
          complete: or(bool, false),
        }),
      ),
      [],
    ),
    unused: or(bool, false),
  },
  turn_accepted: { turn_id: str, text: str, source: or(oneOf("typed", "spoken", "request", "change"), "typed") },
  turn_reopened: { turn_id: str },
  turn_started: { turn_id: str, replies, quiet: or(bool, false) },
  turn_extended: { turn_id: str, replies },
  answering: { mode: nullableMode, muted: or(listOf(str), []), discussion: or(num, 0), default_mode: nullableMode },
  cast: { characters: nullableIds, told: or(bool, false) },
  lorebook: { revision: or(str, ""), entries: or(num, 0) },
  lore_used: {
    message_id: str,
    entries: or(listOf(shaped({ name: or(str, ""), source: or(str, "") })), []),
    left_out: or(listOf(str), []),
  },
  user_name: { name: or(str, ""), default_name: or(str, "") },
  persona: { persona_id: or(str, ""), name: or(str, ""), description: or(str, "") },
  note: { text: or(str, ""), depth: or(num, 0) },
  summary: {
    text: or(str, ""),
    covers: or(num, 0),
    made_at: or(num, 0),
    edited: or(bool, false),
    off: or(bool, false),
    usage: or(record, {}),
  },
  thinking: { turn_id: str, message_id: str, character_id: or(str, ""), character_name: or(str, "") },
  message_started: { message_id: str, turn_id: str, character_id: str, character_name: str },
  llm_chunk: { text: str, character_id: or(str, ""), message_id: str, sentence_ends: sentenceEnds },
  message_resumed: { message_id: str, character_id: or(str, ""), text: str, sentence_ends: sentenceEnds },
  message_complete: {
    message_id: str,
    character_id: or(str, ""),
    text: str,
    status: or(oneOf("complete", "interrupted", "failed", "streaming"), "complete"),
    sentence_ends: sentenceEnds,
  },
  message_heard: { message_id: str, character_id: or(str, ""), text: str },
  turn_complete: { turn_id: str },
  history_changed: {
    turn_id: str,
    change: oneOf("replaced", "chosen", "removed"),
    message_id: str,
    removed: listOf(str),
    restored: or(listOf(restoredMessage), []),
    reload: or(bool, false),
    versions: or(listOf(listOf(str)), []),
  },
  audio_complete: { message_id: str, character_id: or(str, ""), id: or(str, "") },
  interrupted: { cause: or(str, "request") },
  vad_detect_start: session,
  vad_detect_stop: session,
  vad_start: session,
  vad_stop: session,
  recording_start: session,
  recording_stop: session,
  transcription_update: { ...session, text: str },
  transcription_stabilized: { ...session, text: str },
  transcription_finished: { ...session, text: str, turn_id: or(str, "") },
  listening_started: session,
  listening_stopped: { ...session, cause: or(str, "stopped") },
  characters: {
    characters: listOf(shaped({ id: str, name: str, voice: or(str, ""), image: or(str, ""), active: or(bool, true) })),
  },
  model_settings: {
    model: nullableText,
    temperature: nullableNumber,
    top_p: nullableNumber,
    min_p: nullableNumber,
    top_k: nullableNumber,
    frequency_penalty: nullableNumber,
    presence_penalty: nullableNumber,
    repetition_penalty: nullableNumber,
  },
  turn_metrics: { turn_id: str, metrics: record },
  warning: { code: or(str, ""), message: str },
  error: { code: or(str, ""), message: str, turn_id: or(str, ""), message_id: or(str, "") },
} satisfies Record<string, Shape>;

type Events = typeof EVENTS;
export type EventType = keyof Events;
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

/** The field that all events have. `eventId` is `""` in events that only this connection gets. */
export interface Envelope {
  readonly eventId: string;
}

export type EventOf<T extends EventType> = { readonly type: T } & Read<Events[T]> & Envelope;
export type ServerEvent = { [T in EventType]: EventOf<T> }[EventType];
/** The part of a message that was heard before this page was opened. */
export type HeardBefore = EventOf<"conversation_started">["heard"][number];
export type Participant = EventOf<"characters">["characters"][number];
export type AnsweringMode = "fitting" | "everyone" | "named" | "in_turn";
export type ModelSettings = Omit<EventOf<"model_settings">, "type" | keyof Envelope>;

/** A frame cannot be parsed. The error's message names the field that is wrong. */
export class UnreadableFrame extends Error {
  override readonly name = "UnreadableFrame";
}

/**
 * Parse a text frame. Returns null if this page does not know the event's type, because the server is newer.
 *
 * @throws UnreadableFrame not a JSON object, or a field is missing or has the wrong type
 */
export function parseEvent(text: string): ServerEvent | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new UnreadableFrame("a text frame is not JSON");
  }
  const source = record(raw);
  const type = source && str(source["type"]);
  if (!source || type === undefined) throw new UnreadableFrame("a text frame is not an object with a type");
  if (!Object.hasOwn(EVENTS, type)) return null;
  const { fields, wrong } = readShape(EVENTS[type as EventType], source);
  if (!fields) throw new UnreadableFrame(`${type}: the field ${wrong} is missing or has the wrong type`);
  return { ...fields, type, eventId: str(source["event_id"]) ?? "" } as ServerEvent;
}

function readShape(
  shape: Shape,
  source: Record<string, unknown>,
): { fields?: Record<string, unknown>; wrong?: string } {
  const fields: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(shape)) {
    const value = read(source[name]);
    if (value === undefined) return { wrong: name };
    fields[name] = value;
  }
  return { fields };
}
