/**
 * Carries out what the listening state machine decides (`listening-machine.ts`): opens and closes the microphone,
 * begins and ends listening sessions, and sends the microphone's sound.
 */

import type { Captured } from "../audio/capture-port";
import { Microphone, NoMicrophone, watchPermission } from "../audio/microphone";
import { PRE_ROLL_FRAMES, PcmBacklog } from "../audio/pcm-backlog";
import { texts } from "../texts";
import type { ServerEvent } from "../wire/events";
import { ASLEEP_MS, step } from "./listening-machine";
import {
  type ListeningEffect,
  type ListeningInput,
  LISTENING_OFF,
  type MicrophoneView,
  viewOf,
} from "./listening-state";

/** How often the state machine checks whether frames arrive. */
const TICK_MS = 250;

export interface ListeningCallbacks {
  /** Send this command if the connection is up. */
  command(type: "start_listening" | "stop_listening"): void;
  pcm(pcm: ArrayBuffer): void;
  level(level: number): void;
  microphone(view: MicrophoneView): void;
  tell(text: string, serious: boolean): void;
  /** The id of the microphone to open; `""` for the system's default. */
  device(): string;
}

export class ListeningController {
  #state = LISTENING_OFF;
  #view = viewOf(LISTENING_OFF);
  #microphone: Microphone | null = null;
  #frameMs = 0;
  /** The wall clock at the last frame or tick. */
  #aliveWallMs = 0;
  #backlog = new PcmBacklog();
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly on: ListeningCallbacks) {
    const visibility = () => this.#step({ on: "hidden", hidden: document.hidden });
    document.addEventListener("visibilitychange", visibility);
    visibility();
    void watchPermission((permission) => this.#step({ on: "permission", permission }));
  }

  /** True while the user wants to talk. */
  get listening(): boolean {
    return this.#state.wanted;
  }

  start(): void {
    this.#step({ on: "start" });
  }

  /** @param keepWarm keep the microphone open for a while, for the next press of the push-to-talk button */
  stop(keepWarm: boolean): void {
    this.#step({ on: "stop", keepWarm });
  }

  /** The user is about to press the button. If the microphone is allowed, it is opened for a while. */
  warmUp(): void {
    this.#step({ on: "warm_up" });
  }

  /** The user has chosen another microphone. */
  changeDevice(): void {
    const { wanted } = this.#state;
    this.stop(false);
    if (wanted) this.start();
  }

  /** The user has clicked or pressed a key. */
  gesture(): void {
    if (this.#state.pausedSinceMs !== null) this.#step({ on: "gesture" });
  }

  /** A conversation is open: on a new connection, or another one than before. */
  live(): void {
    this.#step({ on: "live" });
  }

  connectionLost(): void {
    this.#step({ on: "connection_lost" });
  }

  /** The server has sent this page away, so the microphone must not stay open. */
  dismissed(): void {
    this.#step({ on: "dismissed" });
  }

  onEvent(event: ServerEvent): void {
    if (event.type === "listening_started") this.#step({ on: "session_started", id: event.session_id });
    if (event.type === "vad_detect_start") this.#step({ on: "recognizer_ready", id: event.session_id });
    if (event.type === "listening_stopped") {
      this.#step({ on: "session_stopped", id: event.session_id, cause: event.cause });
    }
    if (event.type === "error" && event.code === "not_listening") this.#step({ on: "pcm_refused" });
  }

  #step(input: ListeningInput): void {
    const [state, effects] = step(this.#state, input, performance.now());
    const ends = this.#state.wanted && !state.wanted;
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    if (ends || state.device === "closed") this.#backlog.clear();
    if (!state.wanted) this.on.level(0);
    this.#tickWhile(state.wanted || state.device !== "closed");
    this.#show(viewOf(state));
  }

  #carryOut(effect: ListeningEffect): void {
    switch (effect.do) {
      case "open":
        void this.#open();
        return;
      case "close":
        void this.#microphone?.close();
        this.#microphone = null;
        return;
      case "resume":
        this.#microphone?.resume();
        return;
      case "start_session":
        this.on.command("start_listening");
        for (const pcm of this.#backlog.take()) this.on.pcm(pcm);
        return;
      case "stop_session":
        this.on.command("stop_listening");
        return;
      case "tell":
        this.on.tell(effect.text, effect.serious);
        return;
    }
  }

  async #open(): Promise<void> {
    try {
      this.#microphone = await Microphone.open({
        frame: (frame) => this.#onFrame(frame),
        ended: () => this.#step({ on: "ended" }),
        muted: (muted) => this.#step({ on: "muted", muted }),
        context: (state) => this.#step({ on: "context", state }),
      }, this.on.device());
    } catch (error) {
      const problem =
        error instanceof NoMicrophone ? error.message : texts.microphone.cannotOpen;
      this.#step({ on: "open_failed", problem });
      return;
    }
    const { label, muted, state: context } = this.#microphone;
    this.#step({ on: "opened", label, muted, context });
  }

  #onFrame({ pcm, level }: Captured): void {
    if (Date.now() - this.#aliveWallMs > ASLEEP_MS) this.#tick();
    this.#frameMs = performance.now();
    this.#aliveWallMs = Date.now();
    if (this.#state.flow !== "arriving") this.#step({ on: "frame" });
    if (!this.#state.wanted) {
      this.#backlog.add(pcm, PRE_ROLL_FRAMES);
      return;
    }
    this.on.level(level);
    if (this.#state.session === "none") this.#backlog.add(pcm);
    else this.on.pcm(pcm);
  }

  #tickWhile(needed: boolean): void {
    if (!needed) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
      return;
    }
    if (this.#ticking !== undefined) return;
    this.#aliveWallMs = Date.now();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const wallMs = Date.now();
    const gapMs = wallMs - this.#aliveWallMs;
    this.#aliveWallMs = wallMs;
    // In case the browser does not deliver the event: the device's context goes on with silence.
    if (this.#microphone?.hasEnded) this.#step({ on: "ended" });
    this.#step({ on: "tick", frameMs: this.#frameMs, gapMs });
  }

  #show(view: MicrophoneView): void {
    const { microphone, pause, sessionId } = this.#view;
    if (view.microphone === microphone && view.pause === pause && view.sessionId === sessionId) return;
    this.#view = view;
    this.on.microphone(view);
  }
}
