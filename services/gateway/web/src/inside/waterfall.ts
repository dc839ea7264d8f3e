/** Converts a turn's `turn_metrics` to a waterfall chart: rows of bars on one scale of milliseconds. Pure. */

export type BarKind = "hear" | "pick" | "think" | "write" | "voice" | "send" | "sound";

/** The steps of a reply. `firstSentence` and `text` are both of the kind `write`. */
export type Step = "hear" | "pick" | "think" | "firstSentence" | "voice" | "send" | "text" | "sound";

export interface Bar {
  readonly kind: BarKind;
  readonly step: Step;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Row {
  /** The character's name; `""` in the user's row, or if it is not known. */
  readonly name: string;
  readonly characterId: string;
  /** `""` in the user's row. */
  readonly messageId: string;
  readonly bars: readonly Bar[];
}

export interface Waterfall {
  readonly rows: readonly Row[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Ms from the end of the user's words to the first audio frame sent to the page; null if there was none. */
  readonly firstSoundMs: number | null;
}

/** Convert the metrics. Their times are ms since the turn was accepted; unknown times are null or missing. */
export function waterfallOf(metrics: Record<string, unknown>): Waterfall {
  const speechEnd = ms(metrics["speech_end"]);
  const transcript = ms(metrics["transcript"]);
  const started = ms(metrics["turn_started"]);
  const you = bars([
    ["hear", "hear", speechEnd, transcript ?? 0],
    ["pick", "pick", 0, started],
  ]);
  const messages = Array.isArray(metrics["messages"]) ? metrics["messages"].filter(isRecord) : [];
  const rows: Row[] = [
    { name: "", characterId: "", messageId: "", bars: you },
    ...messages.map((message, index) =>
      rowOf(message, index === 0 ? started : ms(messages[index - 1]?.["text_complete"])),
    ),
  ].filter((row) => row.bars.length > 0);
  const all = rows.flatMap((row) => row.bars);
  const sounds = messages.map((message) => ms(message["first_frame"])).filter((time) => time !== null);
  const begin = speechEnd ?? 0;
  return {
    rows,
    fromMs: Math.min(0, ...all.map((bar) => bar.fromMs)),
    toMs: Math.max(1, ...all.map((bar) => bar.toMs)),
    firstSoundMs: sounds.length > 0 ? Math.min(...sounds) - begin : null,
  };
}

/**
 * @param askedMs when the request to the model began: at the turn's start, or at the end of the previous reply's text
 */
function rowOf(message: Record<string, unknown>, askedMs: number | null): Row {
  const at = (name: string) => ms(message[name]);
  const text = (name: string) => (typeof message[name] === "string" ? message[name] : "");
  return {
    name: text("character_name"),
    characterId: text("character_id"),
    messageId: text("message_id"),
    bars: bars([
      ["think", "think", askedMs ?? at("message_started"), at("first_chunk")],
      ["write", "firstSentence", at("first_chunk"), at("first_sentence")],
      ["voice", "voice", at("first_sentence"), at("first_audio")],
      ["send", "send", at("first_audio"), at("first_frame")],
      ["write", "text", at("first_chunk"), at("text_complete")],
      ["sound", "sound", at("first_frame"), at("audio_complete")],
    ]),
  };
}

function bars(all: [BarKind, Step, number | null, number | null][]): Bar[] {
  return all.flatMap(([kind, step, fromMs, toMs]) =>
    fromMs !== null && toMs !== null && toMs >= fromMs ? [{ kind, step, fromMs, toMs }] : [],
  );
}

function ms(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
