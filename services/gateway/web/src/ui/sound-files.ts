/** Saves conversations as sound files, one at a time. A file is made for minutes: it goes on while its panel is closed. */

import { signal } from "@preact/signals";

import type { Api, SoundFormat } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import { texts } from "../texts";
import { download } from "./download";

export interface SoundFile {
  readonly conversationId: string;
  readonly phase: "making" | "failed";
  /** Bytes that have arrived. */
  readonly bytes: number;
  /** What went wrong; `""` if nothing did. */
  readonly problem: string;
}

export class SoundFiles {
  /** The file that is being made, or the last one if it failed. */
  readonly file = signal<SoundFile | null>(null);
  #running: AbortController | null = null;

  /** Make a file, and save it as `name` on the user's device. Nothing happens if one is being made. */
  async save(api: Pick<Api, "conversationSound">, conversationId: string, format: SoundFormat, name: string): Promise<void> {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    const show = (bytes: number, problem = "") => {
      this.file.value = { conversationId, phase: problem ? "failed" : "making", bytes, problem };
    };
    show(0);
    try {
      const sound = await api.conversationSound(conversationId, format, running.signal, show);
      this.file.value = null;
      download(sound, name);
    } catch (error) {
      if (running.signal.aborted) this.file.value = null;
      else show(0, error instanceof RequestFailed ? error.message : texts.conversations.soundBroken);
    } finally {
      this.#running = null;
    }
  }

  cancel(): void {
    this.#running?.abort();
  }
}

/** Those of this page. */
export const soundFiles = new SoundFiles();
