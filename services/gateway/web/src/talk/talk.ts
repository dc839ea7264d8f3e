/**
 * The talk: joins connection, loudspeaker, microphone and view. Decisions are made by the pure modules; this carries them
 * out, in this order where an event touches several: sound first (it must stop at once), then what is shown.
 */

import { signal } from "@preact/signals";

import { type BargeIn, NOT_DUCKED, type BargeInCommand, onServerEvent, onTimePassed } from "../audio/barge-in";
import type { FromWorklet } from "../audio/playback-port";
import { NoSound, Player } from "../audio/player";
import { Receipts } from "../audio/receipts";
import { Stopwatch, type Trace, withFirstSound, withMetrics } from "../inside/traces";
import type { LinkState } from "../link/state-machine";
import { Outbox } from "../link/outbox";
import { Link } from "../link/socket";
import { socketUrl } from "../link/url";
import { Api } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import type { AudioFrame } from "../wire/audio-frame";
import type { ModelSettings, ServerEvent } from "../wire/events";
import { AudioOrder } from "../wire/order";
import { canStop } from "./status-line";
import { ListeningController } from "./listening";
import { newId } from "./new-id";
import { storedMessages } from "./stored-messages";
import { type Preferences, loadPreferences, savePreferences } from "./preferences";
import type { Probe } from "./probe";
import { EMPTY, type NoticePlace, type ViewState } from "./view";
import { type ViewInput, reduce } from "./view-state";

/** The server could not take a message (Redis away): it is offered again after so long, under the same turn id. */
const SAY_AGAIN_MS = 1_500;
/** The loudspeaker could not be fetched: it is tried again after so long. */
const LOAD_AGAIN_MS = 1_000;

export class Talk {
  readonly view = signal<ViewState>(EMPTY);
  readonly traces = signal<readonly Trace[]>([]);
  readonly preferences = signal<Preferences>(loadPreferences());
  /** Root mean square, 0…1, several times a second. */
  readonly micLevel = signal(0);
  readonly voiceLevel = signal(0);
  readonly api: Api;

  #state: ViewState = EMPTY;
  #publishing = false;
  #link: Link;
  #player: Player;
  #listening: ListeningController;
  #outbox = new Outbox();
  #order = new AudioOrder();
  #receipts = new Receipts();
  #bargeIn: BargeIn = NOT_DUCKED;
  #stopwatch = new Stopwatch();
  #loadAgain: ReturnType<typeof setTimeout> | undefined;
  /** The user said stop while the line was down. */
  #stopOwed = false;
  /** The server has been told to stop and has not said that it did. */
  #stopAsked = false;
  /** The conversation whose earlier messages are shown, or that has none. */
  #storedOf = "";

  constructor(
    token: string,
    private readonly probe: Probe | null,
  ) {
    this.api = new Api(token);
    this.#link = new Link((at) => socketUrl(at, token), {
      event: (event) => this.#onEvent(event),
      audio: (frame) => this.#onAudio(frame),
      state: (state) => this.#onLink(state),
      live: () => this.#onLive(),
      unreadable: (problem) => console.warn(`Tertulia: ${problem}; it was left out.`),
    });
    this.#player = new Player(
      {
        report: (report) => this.#onReport(report),
        blocked: (blocked) => this.#apply({ on: "sound_blocked", blocked }),
        overflowed: () => this.#tell("page", "overflow", "More sound has come than can be kept. Press stop and ask again."),
      },
      probe !== null,
    );
    this.#listening = new ListeningController({
      command: (type) => this.#link.send({ type }),
      pcm: (pcm) => this.#link.sendPcm(pcm),
      level: (level) => (this.micLevel.value = level),
      microphone: (microphone) => this.#apply({ on: "microphone", microphone }),
      trouble: (problem) => this.#tell("talk", "microphone", problem),
    });
  }

  async start(conversationId: string): Promise<void> {
    this.#link.connect(conversationId);
    this.#applyVolume();
    await this.#loadPlayer();
  }

  // -- what the user does

  /** Returns false where the message was not taken, with a notice that says why. */
  say(text: string): boolean {
    const message = { turnId: newId(), text };
    if (!this.#outbox.add(message)) {
      this.#tell("composer", "outbox", "Too many messages are waiting for the connection. Wait until it is back.");
      return false;
    }
    void this.unlockSound();
    this.#silence();
    this.#stopwatch.userDone(performance.now());
    this.#apply({ on: "sent", turnId: message.turnId, text });
    this.#link.send({ type: "user_message", data: { text, turn_id: message.turnId } });
    return true;
  }

  /** The user takes the floor without a word yet: typing, Esc, the stop button. */
  stop(): void {
    if (!canStop(this.#state)) return;
    this.#silence();
    this.#stopAsked = this.#link.send({ type: "interrupt" });
    this.#stopOwed = !this.#stopAsked;
  }

  listen(on: boolean, keepWarm = false): void {
    void this.unlockSound();
    this.dismiss("talk");
    if (on) void this.#listening.start();
    else this.#listening.stop(keepWarm);
  }

  get listening(): boolean {
    return this.#listening.listening;
  }

  prefer(change: Partial<Preferences>): void {
    this.preferences.value = { ...this.preferences.value, ...change };
    savePreferences(this.preferences.value);
    this.#applyVolume();
  }

  async unlockSound(): Promise<void> {
    await this.#player.unlock().catch(() => undefined);
  }

  /** False: the line is down, and nothing was changed. */
  changeSettings(change: Partial<ModelSettings>): boolean {
    const sent = this.#link.send({ type: "model_settings", data: change });
    if (sent) {
      this.#apply({ on: "settings_changed", change });
      // Not with the next frame: the next key on a dial steps from what is shown.
      this.view.value = this.#state;
    }
    return sent;
  }

  refreshCharacters(): void {
    this.#link.send({ type: "refresh_characters" });
  }

  newConversation(): void {
    this.#leaveTalk();
    if (!this.#link.send({ type: "new_conversation" })) this.#link.connect("");
  }

  openConversation(id: string): void {
    if (id === this.#state.conversationId) return;
    this.#leaveTalk();
    this.#link.connect(id);
  }

  /** After another page took the talk, or the server refused. */
  reconnect(): void {
    this.#link.connect(this.#link.state.conversationId);
  }

  retryNow(): void {
    this.#link.retryNow();
  }

  /** One notice at a place, or all of them. */
  dismiss(place: NoticePlace, code?: string): void {
    this.#apply({ on: "dismiss", place, ...(code === undefined ? {} : { code }) });
  }

  // -- what happens to it

  #onEvent(event: ServerEvent): void {
    const now = performance.now();
    this.#barge(event, now);
    if (event.type === "audio_complete") this.#player.end(event.message_id);
    if (event.type === "interrupted") this.#stopOwed = this.#stopAsked = false;
    // The stop was refused with everything else meanwhile.
    if (event.type === "warning" && event.code === "writes_resumed" && this.#stopAsked) this.#link.send({ type: "interrupt" });
    if (event.type === "turn_accepted") {
      this.#stopAsked = false;
      this.#outbox.settle(event.turn_id);
      this.#stopwatch.turn(event.turn_id);
    }
    if (event.type === "vad_stop") this.#stopwatch.userDone(now);
    if (event.type === "error" && event.turn_id) this.#onTurnError(event.turn_id, event.code);
    this.#apply({ on: "event", event });
    if (event.type === "conversation_started") this.#onConversation(event);
    if (event.type === "turn_metrics") {
      const heardAfterMs = this.#stopwatch.heardAfterMs(event.turn_id);
      this.traces.value = withMetrics(this.traces.value, this.#state.messages, event.turn_id, event.metrics, heardAfterMs);
    }
  }

  #onTurnError(turnId: string, code: string): void {
    if (code !== "unavailable") this.#outbox.settle(turnId);
    else setTimeout(() => this.#sayAgain(), SAY_AGAIN_MS);
  }

  #sayAgain(): void {
    for (const command of this.#outbox.commands()) this.#link.send(command);
  }

  #barge(event: ServerEvent, now: number): void {
    const speaking = this.#state.speakingId !== "";
    const [bargeIn, order] = onServerEvent(this.#bargeIn, event, speaking, now);
    this.#bargeIn = bargeIn;
    this.#carryOut(order);
  }

  #carryOut(order: BargeInCommand): void {
    if (order === "flush") this.#silence();
    else if (order) {
      this.#player.duck(order === "duck");
      if (order === "duck") this.probe?.ducked();
      this.#apply({ on: "ducked", ducked: order === "duck" });
    }
  }

  /** Nothing of what is being said is to be heard any more. */
  #silence(): void {
    // Read first: the audio thread may carry the flush out before this thread gets any further.
    const [askedAtMs, audioMs] = [performance.now(), this.#player.clockMs];
    this.#player.flush();
    this.#player.duck(false);
    this.#bargeIn = NOT_DUCKED;
    if (this.#state.speakingId) this.probe?.flushed(askedAtMs, audioMs);
    const unheard = this.#state.messages.slice(-64).filter((message) => message.kind === "reply");
    const expected = this.#state.turn?.replies.map((reply) => reply.messageId) ?? [];
    this.#order.cutOff([...unheard.map((message) => message.id), ...expected]);
    this.#apply({ on: "cut" });
  }

  #onAudio(frame: AudioFrame): void {
    if (this.#order.decide(frame) !== "play") return;
    this.probe?.received(frame);
    this.#player.push(frame);
  }

  #onReport(report: FromWorklet): void {
    this.probe?.reported(report, performance.now());
    const receipt = this.#receipts.after(report);
    if (receipt) this.#link.send({ type: "playback", data: receipt });
    if (report.cause === "started") {
      const first = this.#stopwatch.firstSound(performance.now() + this.#player.outputLatencyMs);
      if (first) this.traces.value = withFirstSound(this.traces.value, first);
    }
    this.voiceLevel.value = report.cause === "ended" || report.cause === "flushed" ? 0 : report.level;
    const [bargeIn, order] = onTimePassed(this.#bargeIn, performance.now());
    this.#bargeIn = bargeIn;
    this.#carryOut(order);
    this.#apply({ on: "report", report });
  }

  #onLink(state: LinkState): void {
    this.#apply({ on: "link", phase: state.phase, reason: state.reason, conversationId: state.conversationId });
  }

  #onLive(): void {
    if (this.#stopOwed) this.#link.send({ type: "interrupt" });
    this.#stopOwed = false;
    this.#sayAgain();
    this.#listening.again();
    void this.#loadPlayer();
    // Answered by `characters`: who sits at the table.
    this.#link.send({ type: "refresh_characters" });
    // Nothing to change: answered by what holds.
    this.#link.send({ type: "model_settings", data: {} });
  }

  async #loadPlayer(): Promise<void> {
    try {
      await this.#player.load();
    } catch (error) {
      if (error instanceof NoSound) {
        this.#tell("page", "no_sound", `${error.message} You can still read along.`);
        return;
      }
      // The line broke while it was fetched. If the talk's own did, too, the next connection fetches it.
      clearTimeout(this.#loadAgain);
      this.#loadAgain = setTimeout(() => {
        if (this.#state.link === "live") void this.#loadPlayer();
      }, LOAD_AGAIN_MS);
    }
  }

  #onConversation({ conversation_id: id, resumed, heard }: ServerEvent & { type: "conversation_started" }): void {
    history.replaceState(null, "", `#/${id}`);
    for (const each of heard) this.#receipts.playedBefore(each.message_id, each.played_ms);
    if (!resumed) this.#storedOf = id; // it begins here: there is none
    if (this.#storedOf !== id) void this.#loadStored(id);
  }

  async #loadStored(conversationId: string): Promise<void> {
    try {
      const messages = storedMessages(await this.api.messages(conversationId));
      this.#apply({ on: "stored", conversationId, messages });
      this.#storedIsShown(conversationId);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (error.status === 404) this.#storedIsShown(conversationId);
      else this.#tell("transcript", "stored", `What was said before cannot be shown: ${error.message}`);
    }
  }

  #storedIsShown(conversationId: string): void {
    // Not of a talk that was left meanwhile: taken up again, it has nothing to show yet.
    if (this.#state.conversationId === conversationId) this.#storedOf = conversationId;
  }

  #leaveTalk(): void {
    this.#silence();
    this.#outbox.clear();
    this.#stopOwed = this.#stopAsked = false;
    this.#storedOf = "";
    this.traces.value = [];
  }

  #applyVolume(): void {
    const { volume, muted } = this.preferences.value;
    // Squared: the ear hears loudness about so, and the slider's middle is then half as loud.
    this.#player.setVolume(muted ? 0 : volume * volume);
  }

  #tell(place: NoticePlace, code: string, text: string): void {
    this.#apply({ on: "notice", notice: { place, code, text, serious: true } });
  }

  /** Apply now, show with the next frame: a hundred tokens a second are then sixty drawings, or none in a hidden tab. */
  #apply(what: ViewInput): void {
    this.#state = reduce(this.#state, what);
    if (this.#publishing) return;
    this.#publishing = true;
    const publish = () => {
      this.#publishing = false;
      this.view.value = this.#state;
    };
    if (document.hidden) setTimeout(publish, 100);
    else requestAnimationFrame(publish);
  }
}
