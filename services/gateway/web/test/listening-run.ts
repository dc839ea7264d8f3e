/** Runs the listening state machine on virtual time, with a device that delivers frames unless something blocks it. */

import {
  type ListeningEffect,
  type ListeningInput,
  LISTENING_OFF,
  type ListeningState,
  type MicrophoneView,
  viewOf,
} from "../src/talk/listening-state";
import { step } from "../src/talk/listening-machine";

export const TICK_MS = 250;

export class ListeningRun {
  state: ListeningState = LISTENING_OFF;
  nowMs = 1_000;
  readonly effects: ListeningEffect[] = [];
  /** False while the device delivers nothing, although nothing is known to be wrong. */
  delivers = true;
  failedOpens = 0;
  #frameMs = 0;
  #sessions = 0;

  get view(): MicrophoneView["microphone"] {
    return viewOf(this.state).microphone;
  }

  get pause(): string {
    return viewOf(this.state).pause;
  }

  /** What the user was told, in order. */
  get told(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.do === "tell" ? [effect.text] : []));
  }

  /** The effects on the device and the session, in order. */
  get done(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.do === "tell" ? [] : [effect.do]));
  }

  /** How many of the effects so far are of this kind. */
  count(kind: ListeningEffect["do"]): number {
    return this.effects.filter((effect) => effect.do === kind).length;
  }

  input(...inputs: readonly ListeningInput[]): this {
    for (const input of inputs) {
      const [state, effects] = step(this.state, input, this.nowMs);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  /** Let time pass: frames and ticks arrive. */
  wait(ms: number): this {
    const end = this.nowMs + ms;
    while (this.nowMs < end) {
      const passed = Math.min(TICK_MS, end - this.nowMs);
      this.nowMs += passed;
      this.#frame();
      this.#tick(passed);
    }
    return this;
  }

  /** Let the machine sleep: no tick comes, and the monotonic clock stands still. */
  sleep(ms: number): this {
    this.#tick(ms);
    return this;
  }

  /** Open the device, as asked, and let the first frames arrive. */
  opened(label = "Built-in microphone"): this {
    return this.input({ on: "opened", label, context: "running", muted: false }).wait(TICK_MS);
  }

  /** The device cannot be opened. */
  fail(): this {
    this.failedOpens += 1;
    return this.input({ on: "open_failed", problem: "No microphone was found." });
  }

  /** The server answers the last `start_listening`, and the recognizer is ready. */
  served(): this {
    this.#sessions = this.count("start_session");
    const id = `session ${this.#sessions}`;
    return this.input({ on: "session_started", id }, { on: "recognizer_ready", id });
  }

  get sessionId(): string {
    return this.state.sessionId;
  }

  #frame(): void {
    const { device, context, flow } = this.state;
    if (device !== "open" || context !== "running" || !this.delivers) return;
    this.#frameMs = this.nowMs;
    if (flow !== "arriving") this.input({ on: "frame" });
  }

  #tick(gapMs: number): void {
    this.input({ on: "tick", frameMs: this.#frameMs, gapMs });
  }
}

/** The user talks: the device is open, and the recognizer is ready. */
export function listening(): ListeningRun {
  return new ListeningRun().input({ on: "live" }, { on: "start" }).opened().served();
}
