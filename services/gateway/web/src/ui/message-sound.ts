/**
 * Plays a finished reply again. It is not part of the conversation: no receipt is sent. It stops as soon as a character
 * or the user speaks, and when the component is removed.
 */

import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { chooseLoudspeaker } from "../audio/devices";
import { WavStream } from "../audio/wav-stream";
import { RequestFailed } from "../rest/problem";
import { canStop } from "../talk/status-line";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { SPEECH_RATE } from "../wire/audio-frame";

/** A level of the microphone above this is the user's voice: the browser removes most of the replayed sound. */
const LOUD = 0.06;
/** The user is speaking if the microphone is loud for this long. */
const LOUD_MS = 250;
/** The sound begins this long after its first piece, so that the next piece is there in time. */
const START_S = 0.1;

export interface MessageSound {
  readonly phase: "off" | "loading" | "playing";
  /** What went wrong; `""` if nothing did. */
  readonly problem: string;
  play(): void;
  stop(): void;
}

export function useMessageSound(talk: Talk, messageId: string): MessageSound {
  const [phase, setPhase] = useState<MessageSound["phase"]>("off");
  const [problem, setProblem] = useState("");
  const [running, setRunning] = useState<AbortController | null>(null);
  useEffect(() => () => running?.abort(), [running]);
  const play = () => {
    const replay = new AbortController();
    const { signal } = replay;
    setRunning(replay);
    setProblem("");
    setPhase("loading");
    const unwatch = stopWhenSomebodySpeaks(talk, replay);
    playReply(talk, messageId, signal, () => setPhase("playing"))
      .catch((error: unknown) => {
        if (!signal.aborted) setProblem(error instanceof RequestFailed ? error.message : texts.voices.notPlayed);
      })
      .finally(() => {
        unwatch();
        setPhase("off");
      });
  };
  return { phase, problem, play, stop: () => running?.abort() };
}

/** The microphone's sound is withheld during a replay, so its level tells whether the user speaks. */
function stopWhenSomebodySpeaks(talk: Talk, replay: AbortController): () => void {
  let loudSince = Number.NaN;
  return effect(() => {
    const now = performance.now();
    if (talk.micLevel.value < LOUD) loudSince = Number.NaN;
    else if (Number.isNaN(loudSince)) loudSince = now;
    const { listening } = talk.state.value;
    if (canStop(talk.state.value) || listening.hearing || now - loudSince > LOUD_MS) replay.abort();
  });
}

async function playReply(talk: Talk, messageId: string, signal: AbortSignal, started: () => void): Promise<void> {
  const { muted, volume, loudspeaker } = talk.preferences.value;
  if (muted || volume === 0) throw new RequestFailed(0, texts.voices.soundIsOff);
  const context = new AudioContext({ sampleRate: SPEECH_RATE });
  // The microphone may hear the reply, which must not become a message of the conversation.
  talk.isMicrophoneWithheld = true;
  try {
    if (loudspeaker) await chooseLoudspeaker(context, loudspeaker);
    const gain = new GainNode(context, { gain: volume });
    gain.connect(context.destination);
    const answer = await talk.api.messageSound(talk.state.value.conversationId, messageId, signal);
    if (answer.body) await playPieces(answer.body.getReader(), gain, signal, started);
  } finally {
    talk.isMicrophoneWithheld = false;
    await context.close();
  }
}

/** Play to the end. Rejects if the signal is aborted. */
async function playPieces(
  pieces: ReadableStreamDefaultReader<Uint8Array>,
  to: GainNode,
  signal: AbortSignal,
  started: () => void,
): Promise<void> {
  const wav = new WavStream();
  const { context } = to;
  let endsAt = 0;
  let last: AudioBufferSourceNode | null = null;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await pieces.read();
    if (done) break;
    const samples = wav.feed(value);
    if (samples.length === 0) continue;
    if (!last) started();
    const buffer = context.createBuffer(1, samples.length, SPEECH_RATE);
    buffer.copyToChannel(samples, 0);
    last = new AudioBufferSourceNode(context, { buffer });
    last.connect(to);
    endsAt = Math.max(endsAt, context.currentTime + START_S);
    last.start(endsAt);
    endsAt += buffer.duration;
  }
  if (last) await endOf(last, signal);
}

async function endOf(source: AudioBufferSourceNode, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((done, stopped) => {
    source.addEventListener("ended", () => done());
    signal.addEventListener("abort", () => stopped(signal.reason));
  });
}
