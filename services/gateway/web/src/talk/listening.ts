/**
 * Controls the microphone and the listening session, hands-free or while a button is held.
 *
 * The microphone is opened when listening starts and closed when it stops. A listening session ends with its
 * connection; after a reconnect the page starts a new session.
 */

import type { Captured } from "../audio/capture-port";
import { Microphone, NoMicrophone } from "../audio/microphone";

export interface ListeningCallbacks {
  /** Send this command if the connection is up. */
  command(type: "start_listening" | "stop_listening"): void;
  pcm(pcm: ArrayBuffer): void;
  level(level: number): void;
  microphone(state: "off" | "opening" | "on"): void;
  trouble(problem: string): void;
}

/**
 * How long the microphone stays open after the push-to-talk button was released, so that the first word after the next
 * press is not lost.
 */
const WARM_MS = 20_000;

export class ListeningController {
  #microphone: Microphone | null = null;
  #opening: Promise<void> | null = null;
  #wanted = false;
  #cooling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: ListeningCallbacks) {}

  get listening(): boolean {
    return this.#wanted;
  }

  async start(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    clearTimeout(this.#cooling);
    await this.#open();
    if (this.#wanted && this.#microphone) this.#begin();
  }

  /** @param keepWarm keep the microphone open for `WARM_MS` */
  stop(keepWarm: boolean): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    if (this.#microphone) this.listener.command("stop_listening");
    this.listener.level(0);
    this.listener.microphone("off");
    clearTimeout(this.#cooling);
    this.#cooling = setTimeout(() => void this.#close(), keepWarm ? WARM_MS : 0);
  }

  /** Start a new session after a reconnect, because the old session ended with the old connection. */
  restart(): void {
    if (this.#wanted && this.#microphone) this.#begin();
  }

  #begin(): void {
    this.listener.microphone("on");
    this.listener.command("start_listening");
  }

  async #open(): Promise<void> {
    if (this.#microphone) return;
    this.listener.microphone("opening");
    this.#opening ??= Microphone.open(
      (frame) => this.#onFrame(frame),
      () => this.#onLost(),
    )
      .then((microphone) => {
        this.#microphone = microphone;
      })
      .catch((error: unknown) => {
        this.#wanted = false;
        this.listener.microphone("off");
        this.listener.trouble(
          error instanceof NoMicrophone ? error.message : "The microphone cannot be opened. Typing works meanwhile.",
        );
      })
      .finally(() => {
        this.#opening = null;
      });
    await this.#opening;
    // The user released the button before the microphone was open, so close it.
    if (!this.#wanted) await this.#close();
  }

  #onFrame({ pcm, level }: Captured): void {
    if (!this.#wanted) return;
    this.listener.level(level);
    this.listener.pcm(pcm);
  }

  #onLost(): void {
    this.stop(false);
    this.listener.trouble("The microphone was disconnected. Plug it in again, then press the button.");
  }

  async #close(): Promise<void> {
    const microphone = this.#microphone;
    this.#microphone = null;
    await microphone?.close();
  }
}
