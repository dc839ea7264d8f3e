/** Opens and closes the WebSocket as the state machine demands, and delivers events and audio to the page. */

import { type AudioFrame, parseAudioFrame } from "../wire/audio-frame";
import type { Command } from "../wire/commands";
import { type ServerEvent, UnreadableFrame, parseEvent } from "../wire/events";
import { type Effect, type Input, type LinkState, OFF, type Position, step } from "./state-machine";

/**
 * Maximum number of bytes that wait to be sent: 2 s of 16-bit sound at 16 kHz. While more bytes wait, microphone frames
 * are dropped.
 */
const MIC_BACKLOG_MAX_BYTES = 64_000;

/** How long the server may take to answer whether it is still there. */
const ANSWER_MS = 3_000;

/**
 * How long the server may be silent after a command. Then it is asked whether it is still there: a WebSocket would
 * notice only after minutes that the server is frozen, or that a router has dropped the connection.
 */
const SILENCE_MS = 6_000;

/** How long an attempt to connect may take. Browsers wait for minutes. */
const OPEN_MS = 10_000;

export interface LinkListener {
  event(event: ServerEvent): void;
  audio(frame: AudioFrame): void;
  state(state: LinkState): void;
  /** Called when the conversation is open: send unconfirmed messages again, and restart listening if it was on. */
  live(): void;
  /** Called when a frame could not be parsed and was dropped. */
  unreadable(problem: string): void;
}

export class Link {
  #state: LinkState = OFF;
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: (at: Position) => string,
    private readonly listener: LinkListener,
  ) {
    globalThis.addEventListener("online", () => this.#step({ on: "network_back" }));
    globalThis.addEventListener("offline", () => void this.#check());
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Open a conversation; `""` opens a new one. */
  connect(conversationId: string): void {
    this.#step({ on: "connect", conversationId });
  }

  retryNow(): void {
    this.#step({ on: "retry_due" });
  }

  /** Send a command. If the connection is down, the command is not sent, and the method returns false. */
  send(command: Command): boolean {
    if (this.#state.phase !== "live" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    // A receipt has no answer.
    if (command.type !== "playback") this.#expectAnswer();
    return true;
  }

  /**
   * Send PCM of the microphone. If the connection is down or too slow, the PCM is dropped, and the method returns
   * false.
   */
  sendPcm(pcm: ArrayBuffer): boolean {
    const socket = this.#socket;
    if (this.#state.phase !== "live" || socket?.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > MIC_BACKLOG_MAX_BYTES) return false;
    socket.send(pcm);
    return true;
  }

  /** Pass an input to the state machine. Returns true if the input is to be delivered to the page. */
  #step(input: Input): boolean {
    const [state, effects] = step(this.#state, input, Math.random());
    const changed = state.phase !== this.#state.phase || state.conversationId !== this.#state.conversationId;
    this.#state = state;
    if (changed) this.listener.state(state);
    let deliver = false;
    for (const effect of effects) {
      if (effect.do === "deliver") {
        deliver = true;
        // Keep the order of the effects: the page must get `conversation_started` before `live`.
        if (input.on === "event") this.listener.event(input.event);
      } else this.#execute(effect);
    }
    return deliver;
  }

  #execute(effect: Exclude<Effect, { do: "deliver" }>): void {
    switch (effect.do) {
      case "connect":
        this.#open(effect.at);
        return;
      case "disconnect":
        this.#drop();
        return;
      case "retry_in":
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#step({ on: "retry_due" }), effect.ms);
        return;
      case "now_live":
        this.listener.live();
        return;
    }
  }

  #open(at: Position): void {
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.url(at));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    const current = (act: () => void) => () => {
      if (socket === this.#socket) act();
    };
    this.#opening = setTimeout(() => this.#lose(), OPEN_MS);
    socket.addEventListener(
      "open",
      current(() => {
        clearTimeout(this.#opening);
        this.#step({ on: "socket_opened" });
      }),
    );
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket === this.#socket) this.#received(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#opening);
      this.#step({ on: "socket_closed", code, reason });
    });
  }

  /**
   * The browser has lost its network, or the server is silent. A WebSocket would notice it only after minutes. If the
   * server still answers, for example because it is on this machine, nothing changes.
   */
  async #check(): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answers = await fetch("healthz", { cache: "no-store", signal }).then(
      () => true,
      () => false,
    );
    if (!answers && socket === this.#socket) this.#lose();
  }

  /** Give up a socket that the browser still takes for open, or still tries to open. */
  #lose(): void {
    this.#drop();
    this.#step({ on: "socket_closed", code: 1006, reason: "" });
  }

  #expectAnswer(): void {
    this.#silence ??= setTimeout(() => {
      this.#silence = undefined;
      void this.#check();
    }, SILENCE_MS);
  }

  #hasAnswered(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#opening);
    this.#hasAnswered();
    this.#socket?.close(1000);
    this.#socket = null;
  }

  #received(data: string | ArrayBuffer): void {
    this.#hasAnswered();
    try {
      if (typeof data === "string") {
        const event = parseEvent(data);
        if (event) this.#step({ on: "event", event });
        return;
      }
      const frame = parseAudioFrame(data);
      if (frame && this.#step({ on: "audio", messageId: frame.messageId, id: frame.id })) this.listener.audio(frame);
    } catch (error) {
      if (!(error instanceof UnreadableFrame)) throw error;
      this.listener.unreadable(error.message);
    }
  }
}
