/**
 * Plays the replies: queues their frames in order, ducks or stops the sound when the user interrupts, and turns the
 * player's reports into receipts. All decisions are made by the pure modules in `audio/` and by `wire/order.ts`; this
 * class carries them out.
 */

import { type BargeIn, NOT_DUCKED, type BargeInCommand, onServerEvent, onTimePassed } from "../audio/barge-in";
import type { FromWorklet } from "../audio/playback-port";
import { NoSound, Player } from "../audio/player";
import { Receipts, reportAt } from "../audio/receipts";
import { texts } from "../texts";
import type { AudioFrame } from "../wire/audio-frame";
import type { Receipt } from "../wire/commands";
import type { HeardBefore, ServerEvent } from "../wire/events";
import { AudioOrder } from "../wire/order";
import type { PageInput } from "./page-reducer";
import type { PageState } from "./page-state";
import type { Preferences } from "./preferences";
import type { Probe } from "./probe";

/** Delay before another attempt to load the playback worklet. */
const RELOAD_MS = 1_000;
/** How many replies are remembered. All frames of older replies have arrived by then. */
const RECENT_MESSAGES = 64;

export interface PlaybackCallbacks {
  state(): PageState;
  apply(input: PageInput): void;
  receipt(receipt: Receipt): void;
  /** Called when a message begins to play. Its first sample leaves the page at `atMs`, by `performance.now()`. */
  started(atMs: number): void;
  /** The level of the sound being played: root mean square, 0…1. */
  level(level: number): void;
  trouble(code: string, problem: string): void;
}

export class Playback {
  #player: Player;
  #order = new AudioOrder();
  #receipts = new Receipts();
  #bargeIn: BargeIn = NOT_DUCKED;
  /** The token of the last flush by `restart`; -1 before the first one. */
  #restarted = -1;
  #reloadTimer: ReturnType<typeof setTimeout> | undefined;
  /** The last report about the reply being played. */
  #lastReport: FromWorklet | null = null;
  #lastReceipt: Receipt | null = null;

  constructor(
    private readonly on: PlaybackCallbacks,
    private readonly probe: Probe | null,
  ) {
    this.#player = new Player(
      {
        report: (report) => this.#onReport(report),
        blocked: (block) => this.on.apply({ on: "sound_blocked", block }),
        overflowed: () =>
          this.on.trouble("overflow", texts.problems.overflow),
      },
      probe !== null,
    );
    addEventListener("pagehide", () => this.#sendPosition());
  }

  async load(): Promise<void> {
    try {
      await this.#player.load();
    } catch (error) {
      if (error instanceof NoSound) {
        this.on.trouble("no_sound", `${error.message} ${texts.problems.readAlong}`);
        return;
      }
      // The worklet could not be fetched. If the WebSocket is down as well, the worklet is loaded when the connection
      // is back.
      clearTimeout(this.#reloadTimer);
      this.#reloadTimer = setTimeout(() => {
        if (this.on.state().link === "live") void this.load();
      }, RELOAD_MS);
    }
  }

  async unlock(): Promise<void> {
    await this.#player.unlock().catch(() => undefined);
  }

  /** Continue the sound after an interruption. */
  wake(): void {
    this.#player.wake();
  }

  /** Hold the sound while another page has the conversation. */
  pause(paused: boolean): void {
    this.#player.pause(paused);
  }

  setLoudspeaker({ loudspeaker }: Preferences): void {
    this.#player.setLoudspeaker(loudspeaker);
  }

  setVolume({ volume, muted }: Preferences): void {
    // Squared, because perceived loudness is not linear: so the middle of the slider sounds about half as loud as its
    // end.
    this.#player.setVolume(muted ? 0 : volume * volume);
  }

  /** Stop all sound, and drop the rest of the current replies. */
  silence(): void {
    // Read the clocks before the flush, because the audio thread may carry it out at once.
    const [askedAtMs, audioMs] = [performance.now(), this.#player.clockMs];
    const { speakingId, messages, turn } = this.on.state();
    this.#sendPosition();
    this.#sendNotPlayed(turn?.replies[0]?.messageId);
    this.#player.flush();
    this.#player.duck(false);
    this.#bargeIn = NOT_DUCKED;
    if (speakingId) this.probe?.flushed(askedAtMs, audioMs);
    const unheard = messages.slice(-RECENT_MESSAGES).filter((message) => message.kind === "reply");
    const expected = turn?.replies.map((reply) => reply.messageId) ?? [];
    this.#order.cutOff([...unheard.map((message) => message.id), ...expected]);
    this.on.apply({ on: "cut" });
  }

  /** Drop all sound, and forget which replies were played: another page may play them on, or this one may come back. */
  restart(): void {
    this.#restarted = this.#player.flush();
    this.#lastReport = null;
    this.#player.duck(false);
    this.#bargeIn = NOT_DUCKED;
    this.#order = new AudioOrder();
    this.#receipts = new Receipts();
    this.#lastReceipt = null;
    this.probe?.restarted();
    this.on.level(0);
  }

  /** Apply the effect of an event on the sound: an interruption, the end of a message. */
  onEvent(event: ServerEvent, now: number): void {
    const speaking = this.on.state().speakingId !== "";
    const [bargeIn, command] = onServerEvent(this.#bargeIn, event, speaking, now);
    this.#bargeIn = bargeIn;
    this.#carryOut(command);
    if (event.type === "audio_complete") this.#player.end(event.message_id);
  }

  /** Continue the receipts of messages that were partly heard before this page was opened. */
  heardBefore(heard: readonly HeardBefore[]): void {
    for (const each of heard) this.#receipts.playedBefore(each);
  }

  /** Send the last receipt again: the server may not have it, because the connection was lost. */
  repeatReceipt(): void {
    if (this.#lastReceipt) this.on.receipt(this.#lastReceipt);
  }

  onAudio(frame: AudioFrame): void {
    if (this.#order.decide(frame) !== "play") return;
    this.probe?.received(frame);
    this.#player.push(frame);
  }

  #onReport(report: FromWorklet): void {
    // It is about a reply of the conversation that was left.
    if (report.cause === "flushed" && report.token <= this.#restarted) return;
    this.probe?.reported(report, performance.now());
    this.#lastReport = report.cause === "ended" || report.cause === "flushed" ? null : report;
    this.#sendReceipt(report);
    if (report.cause === "started") this.on.started(performance.now() + this.#player.baseLatencyMs);
    this.on.level(report.cause === "ended" || report.cause === "flushed" ? 0 : report.level);
    const [bargeIn, command] = onTimePassed(this.#bargeIn, performance.now());
    this.#bargeIn = bargeIn;
    this.#carryOut(command);
    this.on.apply({ on: "report", report });
  }

  /**
   * Send how far the reply is played at this moment. The audio thread's own report would come after the page is closed,
   * or after the `interrupt` of the user.
   */
  #sendPosition(): void {
    if (this.#lastReport) this.#sendReceipt(reportAt(this.#lastReport, this.#player.clockMs));
    this.#lastReport = null;
  }

  /** If nothing of the turn's first reply was played, say so. A page that cannot play sound sends no receipts. */
  #sendNotPlayed(firstId: string | undefined): void {
    const receipt = firstId !== undefined && this.#player.canPlay ? this.#receipts.notPlayed(firstId) : null;
    if (receipt) this.#give(receipt);
  }

  #sendReceipt(report: FromWorklet): void {
    const receipt = this.#receipts.after(report);
    if (receipt) this.#give(receipt);
  }

  #give(receipt: Receipt): void {
    this.#lastReceipt = receipt;
    this.on.receipt(receipt);
  }

  #carryOut(command: BargeInCommand): void {
    if (command === "flush") this.silence();
    else if (command) {
      this.#player.duck(command === "duck");
      if (command === "duck") this.probe?.ducked();
      this.on.apply({ on: "ducked", ducked: command === "duck" });
    }
  }
}
