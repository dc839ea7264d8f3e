/**
 * Measurements for browser tests (`?probe=1`): which sound was played, as counted by the worklet. Has no effect on the
 * page.
 */

import type { FromWorklet } from "../audio/playback-port";
import type { Tally } from "../audio/playback-report";
import type { AudioFrame } from "../wire/audio-frame";

export interface PlayedMessage extends Tally {
  readonly messageId: string;
  /** Number of samples received for this message. */
  readonly received: number;
  /** FNV-1a over the received samples. Equals `checksum` if each sample was played once, in order. */
  readonly receivedChecksum: number;
  readonly state: "waiting" | "playing" | "played" | "flushed";
}

/** One flush (the page dropped all queued sound, after an interruption): how long it took until silence. */
export interface Flush {
  /** When the page requested the flush, by `performance.now()`. */
  readonly askedAtMs: number;
  /** When the audio thread's report of the flush arrived; null before that. */
  readonly silentAtMs: number | null;
  /**
   * How much sound was played between the request and the silence, in ms of the audio clock, which does not depend on
   * the machine's speed.
   */
  readonly soundMs: number | null;
}

interface Asked extends Omit<Flush, "silentAtMs" | "soundMs"> {
  /** The time of the request, by the audio clock. */
  readonly audioMs: number;
  silentAtMs: number | null;
  soundMs: number | null;
}

interface Entry {
  received: number;
  receivedChecksum: number;
  tally: Tally;
  state: PlayedMessage["state"];
}

const NOTHING: Tally = { samples: 0, checksum: 0x811c9dc5, gapMs: 0, gaps: 0 };

export class Probe {
  #messages = new Map<string, Entry>();
  #flushes: Asked[] = [];
  #ducks = 0;
  /** The levels (root mean square) of the last reports, the newest last. */
  #levels: { atMs: number; level: number }[] = [];

  received(frame: AudioFrame): void {
    const entry = this.#entry(frame.messageId);
    entry.received += frame.samples.length;
    for (const sample of frame.samples) {
      entry.receivedChecksum = Math.imul(entry.receivedChecksum ^ (sample & 0xffff), 0x01000193) >>> 0;
    }
  }

  reported(report: FromWorklet, nowMs: number): void {
    if (report.cause === "flushed") {
      for (const flush of this.#flushes) {
        flush.silentAtMs ??= nowMs;
        flush.soundMs ??= Math.max(0, report.atMs - flush.audioMs);
      }
    }
    this.#levels = [...this.#levels.slice(-199), { atMs: nowMs, level: report.level }];
    if (!report.messageId) return;
    const entry = this.#entry(report.messageId);
    entry.tally = report.tally;
    entry.state = report.cause === "ended" ? "played" : report.cause === "flushed" ? "flushed" : "playing";
  }

  /** @param audioMs the current time of the audio clock */
  flushed(askedAtMs: number, audioMs: number): void {
    this.#flushes.push({ askedAtMs, audioMs, silentAtMs: null, soundMs: null });
  }

  /** The page has dropped all sound and begins again, maybe with the rest of the same messages. */
  restarted(): void {
    this.#messages.clear();
  }

  ducked(): void {
    this.#ducks += 1;
  }

  played(): readonly PlayedMessage[] {
    return Array.from(this.#messages, ([messageId, { tally, ...rest }]) => ({ messageId, ...rest, ...tally }));
  }

  flushes(): readonly Flush[] {
    return this.#flushes.map(({ askedAtMs, silentAtMs, soundMs }) => ({ askedAtMs, silentAtMs, soundMs }));
  }

  /** How many times the sound was ducked. */
  ducks(): number {
    return this.#ducks;
  }

  levels(): readonly { atMs: number; level: number }[] {
    return [...this.#levels];
  }

  #entry(messageId: string): Entry {
    const known = this.#messages.get(messageId);
    if (known) return known;
    const fresh: Entry = { received: 0, receivedChecksum: 0x811c9dc5, tally: NOTHING, state: "waiting" };
    this.#messages.set(messageId, fresh);
    return fresh;
  }
}
