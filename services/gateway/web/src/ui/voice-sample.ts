/** Plays a sentence in a voice, so that the user hears the voice before choosing it. One sentence at a time. */

import { useEffect, useRef, useState } from "preact/hooks";

import type { Delivery } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";

/** A sample that takes longer than this is made by an engine that is still loading, or busy. */
const SLOW_MS = 4_000;

export type SamplePhase = "loading" | "slow" | "playing" | "failed";

export interface SampleState {
  /** The id of the voice. */
  readonly voice: string;
  readonly phase: SamplePhase;
  /** What went wrong, and what to do; "" unless the phase is "failed". */
  readonly problem: string;
}

export interface VoiceSample {
  /** null: nothing is played, and nothing failed. */
  readonly state: SampleState | null;
  play(voice: string, delivery: Delivery): void;
  stop(): void;
}

/** The samples are kept until the component is removed, so that a voice is heard at once the second time. */
export function useVoiceSample(talk: Talk): VoiceSample {
  const [state, setState] = useState<SampleState | null>(null);
  const [player] = useState(() => new SamplePlayer(talk, setState));
  const used = useRef(player);
  useEffect(() => () => used.current.close(), []);
  return { state, play: (voice, delivery) => void player.play(voice, delivery), stop: () => player.stop() };
}

class SamplePlayer {
  #urls = new Map<string, string>();
  #running: AbortController | null = null;

  constructor(
    private readonly talk: Talk,
    private readonly show: (state: SampleState | null) => void,
  ) {}

  /** Stop the sentence that is playing, and play one in this voice. */
  async play(voice: string, delivery: Delivery): Promise<void> {
    this.stop();
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    const phase = (name: SamplePhase, problem = "") => {
      if (!signal.aborted) this.show({ voice, phase: name, problem });
    };
    phase("loading");
    const slow = setTimeout(() => phase("slow"), SLOW_MS);
    try {
      const url = await this.#url(voice, delivery, signal);
      clearTimeout(slow);
      if (signal.aborted) return;
      phase("playing");
      await this.#sound(url, signal);
      if (!signal.aborted) this.show(null);
    } catch (error) {
      phase("failed", error instanceof RequestFailed || error instanceof SoundIsOff ? error.message : texts.voices.notPlayed);
    } finally {
      clearTimeout(slow);
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.show(null);
  }

  close(): void {
    this.#running?.abort();
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
  }

  async #url(voice: string, delivery: Delivery, signal: AbortSignal): Promise<string> {
    const key = JSON.stringify([voice, delivery.speed, delivery.pitch]);
    const known = this.#urls.get(key);
    if (known) return known;
    const url = URL.createObjectURL(await this.talk.api.voiceSample(voice, delivery, signal));
    this.#urls.set(key, url);
    return url;
  }

  /** Play to the end, or until the signal is aborted. */
  async #sound(url: string, signal: AbortSignal): Promise<void> {
    const { muted, volume } = this.talk.preferences.value;
    if (muted || volume === 0) throw new SoundIsOff(texts.voices.soundIsOff);
    const audio = new Audio(url);
    audio.volume = volume;
    signal.addEventListener("abort", () => audio.pause());
    const ended = new Promise<void>((done, failed) => {
      audio.addEventListener("ended", () => done());
      audio.addEventListener("pause", () => done());
      audio.addEventListener("error", () => failed(new Error("not played")));
    });
    // The microphone may hear the sentence, which must not become a message of the conversation.
    this.talk.isMicrophoneWithheld = true;
    try {
      await audio.play();
      await ended;
    } finally {
      // Another sample may be playing already.
      if (this.#running === null || this.#running.signal === signal) this.talk.isMicrophoneWithheld = false;
    }
  }
}

class SoundIsOff extends Error {
  override readonly name = "SoundIsOff";
}
