/** Inputs of the page's reducer, and states that tests begin with. */

import type { Report } from "../src/audio/playback-report";
import type { MicrophoneView } from "../src/talk/listening-state";
import { type PageInput, reduce } from "../src/talk/page-reducer";
import { EMPTY, type PageState, type Reply, findReply } from "../src/talk/page-state";
import { parseEvent, type ServerEvent } from "../src/wire/events";

export const said = (type: string, fields: Record<string, unknown> = {}): PageInput => ({
  on: "event",
  event: parseEvent(JSON.stringify({ type, ...fields })) as ServerEvent,
});

export const heard = (messageId: string, sentence: number, cause: Report["cause"] = "tick"): PageInput => ({
  on: "report",
  report: {
    cause,
    messageId,
    sentence,
    doneSentence: sentence,
    doneChunk: 0,
    nextSamples: 0,
    readySamples: 0,
    playedMs: 100,
    level: 0,
    consumed: 0,
    tally: { samples: 0, checksum: 0, gapMs: 0, gaps: 0 },
  },
});

export const after = (inputs: readonly PageInput[], from: PageState = EMPTY) => inputs.reduce(reduce, from);

/** The view of a microphone whose session is `s`. */
export const microphone = (shown: MicrophoneView["microphone"], pause = ""): PageInput => ({
  on: "microphone",
  view: { microphone: shown, pause, sessionId: "s" },
});

export const LUNA = { message_id: "m1", character_id: "luna", character_name: "Luna" };
export const REX = { message_id: "m2", character_id: "rex", character_name: "Rex" };
export const chunk = (text: string, of = LUNA, ends: readonly number[] = []) =>
  said("llm_chunk", { text, character_id: of.character_id, message_id: of.message_id, sentence_ends: ends });

export const OPEN = after([
  { on: "link", phase: "live", reason: "", conversationId: "c" },
  said("conversation_started", { conversation_id: "c", demo: true }),
  said("characters", {
    characters: [
      { id: "luna", name: "Luna" },
      { id: "rex", name: "Rex" },
    ],
  }),
]);
export const ASKED = after(
  [
    { on: "sent", turnId: "t", text: "Hello?" },
    said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" }),
    said("turn_started", { turn_id: "t", replies: [LUNA, REX] }),
    said("message_started", { ...LUNA, turn_id: "t" }),
  ],
  OPEN,
);
export const TEXT = "Hello there. How are you today?";
export const SPOKEN = after(
  [
    chunk("Hello there. "),
    chunk("How are you today?", LUNA, ["Hello there. ".length]),
    heard("m1", 0, "started"),
    heard("m1", 1, "sentence"),
  ],
  ASKED,
);

export const reply = (state: PageState, id: string): Reply => findReply(state, id) as Reply;
export const changed = (change: Record<string, unknown>): PageInput => ({ on: "settings_changed", change });
export const confirms = (settings: Record<string, unknown>) => said("model_settings", settings);
