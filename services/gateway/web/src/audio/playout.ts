/**
 * Renders the sound of the replies sample by sample. This is the core of the playback worklet, in a class that can be
 * tested without Web Audio.
 *
 *     idle ──(sound arrives)──▶ filling ──(target reached, or message ended)──▶ playing ──(message over)──▶ idle
 *                                  ▲──────(buffer empty, or another message)─────┘
 *
 * The chunks of a message follow each other without a gap, the messages after a short beat. The reports count the samples that were actually rendered. The
 * page makes its receipts only from these reports.
 */

import { JitterTarget } from "./jitter";
import { OutputGain } from "./output-gain";
import type { AudioChunk, Report } from "./playback-report";
import { PlayingMessage } from "./playing-message";
import { RingBuffer } from "./ring-buffer";

interface Segment {
  readonly messageId: string;
  readonly sentence: number;
  readonly chunk: number;
  left: number;
}

const TICK_MS = 50;
/** Fade-out on a flush: too short to hear as speech, long enough to avoid a click. */
const FLUSH_FADE_MS = 5;
const JOIN_FADE_MS = 2;
/** Silence between two messages: longer than between two sentences, so that one hears that another character speaks. */
export const BEAT_MS = 450;

export class Playout {
  readonly #ring: RingBuffer;
  readonly #jitter = new JitterTarget();
  readonly #output: OutputGain;
  #segments: Segment[] = [];
  #ended = new Set<string>();
  #current: PlayingMessage | null = null;
  #mode: "idle" | "filling" | "playing" = "idle";
  #filledFor = 0;
  #silentFor = 0;
  #fade = new Float32Array(0);
  #fadeAt = 0;
  #flushed: PlayingMessage | null = null;
  #tail = 0;
  #join = 0;
  #sinceTick = 0;
  #consumed = 0;
  /** How many samples of silence are due before the next message. */
  #beat = 0;

  constructor(
    private readonly rate: number,
    capacity: number,
    private readonly report: (report: Report) => void,
    private readonly checksums = false,
  ) {
    this.#ring = new RingBuffer(capacity);
    this.#output = new OutputGain(rate);
  }

  /** Queue a chunk. Samples that exceed the capacity are dropped, but the playback queue never sends so many. */
  push({ messageId, sentence, chunk, samples }: AudioChunk): void {
    const taken = this.#ring.write(samples);
    if (taken > 0) this.#segments.push({ messageId, sentence, chunk, left: taken });
    if (this.#mode === "idle" && taken > 0) this.#fill();
  }

  /** Mark a message as complete, so that no more sound is expected for it. */
  end(messageId: string): void {
    if (this.#current?.messageId === messageId || this.#segments.some((segment) => segment.messageId === messageId)) {
      this.#ended.add(messageId);
    }
  }

  /** Drop all sound. The next block fades out within 5 ms and then is silent. */
  flush(): void {
    // If a second flush comes before the next block is rendered (the page's, then the server's), the fade of the first
    // one is kept.
    if (this.#mode === "playing") {
      this.#fade = new Float32Array(Math.min(this.#ring.length, this.#samples(FLUSH_FADE_MS)));
      this.#fadeAt = 0;
      this.#ring.read(this.#fade, 0, this.#fade.length);
      this.#advance(this.#fade.length);
    }
    this.#consumed += this.#ring.length;
    this.#ring.clear();
    this.#segments = [];
    this.#ended.clear();
    this.#flushed = this.#current ?? this.#flushed ?? new PlayingMessage("", 0);
    this.#current = null;
    this.#beat = 0;
    this.#mode = "idle";
  }

  duck(on: boolean): void {
    this.#output.duck(on);
  }

  /** @param volume 0…1 */
  setVolume(volume: number): void {
    this.#output.setVolume(volume);
  }

  /** Render the next block. */
  render(out: Float32Array): void {
    let at = this.#renderFade(out);
    if (this.#mode === "filling") this.#considerStarting(out.length - at);
    while (at < out.length && this.#mode === "playing") at = this.#renderPlaying(out, at);
    if (at < out.length) this.#renderSilence(out, at);
    this.#output.apply(out);
    this.#tick(out.length);
  }

  #renderFade(out: Float32Array): number {
    const whole = this.#fade.length;
    let at = 0;
    while (at < out.length && this.#fadeAt < whole) {
      out[at] = (this.#fade[this.#fadeAt] ?? 0) * (1 - (this.#fadeAt + 1) / whole);
      at += 1;
      this.#fadeAt += 1;
    }
    if (this.#flushed && this.#fadeAt >= whole) {
      this.#tail = 0;
      this.#say("flushed", this.#flushed);
      this.#flushed = null;
    }
    return at;
  }

  #renderPlaying(out: Float32Array, at: number): number {
    const segment = this.#segments[0];
    if (!segment) {
      this.#ranOut();
      return at;
    }
    if (segment.messageId !== this.#current?.messageId) {
      this.#changeMessage();
      return at;
    }
    const current = this.#current;
    if (current && current.sentence !== segment.sentence) {
      current.sentence = segment.sentence;
      this.#say("sentence", current);
    }
    const taken = this.#ring.read(out, at, Math.min(segment.left, out.length - at));
    if (this.checksums) current?.hash(out, at, taken);
    for (let index = at; index < at + taken && this.#join > 0; index += 1) {
      out[index] = (out[index] ?? 0) * (1 - this.#join / this.#samples(JOIN_FADE_MS));
      this.#join -= 1;
    }
    this.#advance(taken);
    this.#tail = out[at + taken - 1] ?? 0;
    return at + taken;
  }

  /** Count samples of the first segments as played. */
  #advance(count: number): void {
    this.#consumed += count;
    let left = count;
    while (left > 0) {
      const segment = this.#segments[0];
      const current = this.#current;
      if (!segment || current?.messageId !== segment.messageId) return;
      const taken = Math.min(left, segment.left);
      segment.left -= taken;
      left -= taken;
      current.played(taken);
      if (segment.left > 0) continue;
      current.chunkDone(segment.sentence, segment.chunk);
      this.#segments.shift();
    }
  }

  /** End the current message. The next one begins after a beat. */
  #changeMessage(): void {
    this.#finish();
    this.#fill();
  }

  #start(segment: Segment): void {
    this.#current = new PlayingMessage(segment.messageId, segment.sentence);
    this.#say("started", this.#current);
  }

  /** End the current message. */
  #finish(): void {
    const current = this.#current;
    if (!current) return;
    this.#current = null;
    this.#beat = this.#samples(BEAT_MS);
    this.#ended.delete(current.messageId);
    if (current.gaps === 0) this.#jitter.playedSmoothly();
    this.#say("ended", current);
  }

  #ranOut(): void {
    if (this.#current && !this.#ended.has(this.#current.messageId)) this.#fill();
    else {
      this.#finish();
      this.#mode = "idle";
    }
  }

  #fill(): void {
    this.#mode = "filling";
    this.#filledFor = 0;
    this.#silentFor = 0;
  }

  #enough(): boolean {
    const first = this.#segments[0];
    if (!first) return false;
    return this.#ring.length >= this.#samples(this.#jitter.targetMs) || this.#ended.has(first.messageId);
  }

  #considerStarting(blockSamples: number): void {
    const current = this.#current;
    const first = this.#segments[0];
    if (!first) {
      if (current && this.#ended.has(current.messageId)) this.#ranOut();
      return;
    }
    // Start a short message after the target time even if its sound stays below the target.
    this.#filledFor += blockSamples;
    if (!this.#enough() && this.#filledFor < this.#samples(this.#jitter.targetMs)) return;
    if (current?.messageId !== first.messageId) {
      this.#finish();
      if (this.#beat > 0) return;
    }
    this.#mode = "playing";
    this.#join = this.#samples(JOIN_FADE_MS); // fade in after the silence
    if (!current || current.messageId !== first.messageId) {
      this.#start(first);
      return;
    }
    current.ranDry(this.#silentFor);
    this.#jitter.ranDry((this.#silentFor / this.rate) * 1_000);
  }

  #renderSilence(out: Float32Array, from: number): void {
    this.#beat = Math.max(0, this.#beat - (out.length - from));
    if (this.#mode === "filling") this.#silentFor += out.length - from;
    for (let index = from; index < out.length; index += 1) {
      this.#tail *= 0.95;
      out[index] = this.#tail;
    }
  }

  #tick(samples: number): void {
    this.#sinceTick += samples;
    if (this.#sinceTick < this.#samples(TICK_MS)) return;
    if (this.#current) this.#say("tick", this.#current);
    this.#sinceTick = 0;
    this.#output.restartLevel();
  }

  #say(cause: Report["cause"], of: PlayingMessage): void {
    const readySamples = this.#mode === "playing" && of === this.#current ? this.#ready(of.messageId) : 0;
    this.report(of.report(cause, this.rate, { level: this.#output.level, consumed: this.#consumed, readySamples }));
  }

  #ready(messageId: string): number {
    let samples = 0;
    for (const segment of this.#segments) {
      if (segment.messageId !== messageId) break;
      samples += segment.left;
    }
    return samples;
  }

  #samples(ms: number): number {
    return Math.round((ms / 1_000) * this.rate);
  }
}
