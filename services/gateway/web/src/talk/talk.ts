/**
 * The page's controller: connects the WebSocket, the player, the microphone and the view. The pure modules decide; this
 * class acts. For an event that concerns several parts, sound comes first (it must stop at once), then the view.
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
import { InterruptRequest } from "./interrupt-request";
import { newId } from "./new-id";
import { storedMessages } from "./stored-messages";
import { type Preferences, loadPreferences, savePreferences } from "./preferences";
import type { Probe } from "./probe";
import { EMPTY, type NoticePlace, type ViewState } from "./view";
import { type ViewInput, reduce } from "./view-state";

/** Delay before a message is sent again, under the same turn id, after the error `unavailable`. */
const RESEND_MS = 1_500;
/** Delay before another attempt to load the playback worklet. */
const RELOAD_MS = 1_000;

export class Talk {
  readonly view = signal<ViewState>(EMPTY);
  readonly traces = signal<readonly Trace[]>([]);
  readonly preferences = signal<Preferences>(loadPreferences());
  /** Root mean square, 0…1, updated several times a second. */
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
  #interrupt = new InterruptRequest(() => this.#link.send({ type: "interrupt" }));
  #reloadTimer: ReturnType<typeof setTimeout> | undefined;
  /** The conversation whose messages are shown, or a new one without messages. */
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
      unreadable: (problem) => console.warn(`Tertulia: ${problem}; the frame was ignored.`),
    });
    this.#player = new Player(
      {
        report: (report) => this.#onReport(report),
        blocked: (blocked) => this.#apply({ on: "sound_blocked", blocked }),
        overflowed: () =>
          this.#notify("page", "overflow", "Too much sound is waiting to be played. Press stop and ask again."),
      },
      probe !== null,
    );
    this.#listening = new ListeningController({
      command: (type) => this.#link.send({ type }),
      pcm: (pcm) => this.#link.sendPcm(pcm),
      level: (level) => (this.micLevel.value = level),
      microphone: (microphone) => this.#apply({ on: "microphone", microphone }),
      trouble: (problem) => this.#notify("talk", "microphone", problem),
    });
  }

  async start(conversationId: string): Promise<void> {
    this.#link.connect(conversationId);
    this.#applyVolume();
    await this.#loadPlayer();
  }

  // -- actions of the user

  /** Send a message. Returns false, and shows a notice, if too many messages wait already. */
  say(text: string): boolean {
    const message = { turnId: newId(), text };
    if (!this.#outbox.add(message)) {
      this.#notify("composer", "outbox", "Too many messages are waiting for the connection. Wait until it is back.");
      return false;
    }
    void this.unlockSound();
    this.#silence();
    this.#stopwatch.userDone(performance.now());
    this.#apply({ on: "sent", turnId: message.turnId, text });
    this.#link.send({ type: "user_message", data: { text, turn_id: message.turnId } });
    return true;
  }

  /** Interrupt without a message: typing, Esc, the stop button. */
  stop(): void {
    if (!canStop(this.#state)) return;
    this.#silence();
    this.#interrupt.request();
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

  /** Returns false if the connection is down; nothing is changed. */
  changeSettings(change: Partial<ModelSettings>): boolean {
    const sent = this.#link.send({ type: "model_settings", data: change });
    if (sent) {
      this.#apply({ on: "settings_changed", change });
      // Update the view at once, not with the next frame: the next key press on a dial steps from the shown value.
      this.view.value = this.#state;
    }
    return sent;
  }

  refreshCharacters(): void {
    this.#link.send({ type: "refresh_characters" });
  }

  newConversation(): void {
    this.#leaveConversation();
    if (!this.#link.send({ type: "new_conversation" })) this.#link.connect("");
  }

  openConversation(id: string): void {
    if (id === this.#state.conversationId) return;
    this.#leaveConversation();
    this.#link.connect(id);
  }

  /** Connect again after another page took the conversation over, or after the server refused. */
  reconnect(): void {
    this.#link.connect(this.#link.state.conversationId);
  }

  retryNow(): void {
    this.#link.retryNow();
  }

  /** Dismiss one notice at a place, or all of them. */
  dismiss(place: NoticePlace, code?: string): void {
    this.#apply({ on: "dismiss", place, ...(code === undefined ? {} : { code }) });
  }

  // -- inputs

  #onEvent(event: ServerEvent): void {
    const now = performance.now();
    this.#barge(event, now);
    if (event.type === "audio_complete") this.#player.end(event.message_id);
    this.#interrupt.onEvent(event);
    if (event.type === "turn_accepted") {
      this.#outbox.settle(event.turn_id);
      this.#stopwatch.turn(event.turn_id);
    }
    if (event.type === "vad_stop") this.#stopwatch.userDone(now);
    if (event.type === "error" && event.turn_id) this.#onTurnError(event.turn_id, event.code);
    this.#apply({ on: "event", event });
    if (event.type === "conversation_started") this.#onConversation(event);
    if (event.type === "turn_metrics") {
      const heardAfterMs = this.#stopwatch.heardAfterMs(event.turn_id);
      this.traces.value = withMetrics(
        this.traces.value,
        this.#state.messages,
        event.turn_id,
        event.metrics,
        heardAfterMs,
      );
    }
  }

  #onTurnError(turnId: string, code: string): void {
    if (code !== "unavailable") this.#outbox.settle(turnId);
    else setTimeout(() => this.#resend(), RESEND_MS);
  }

  #resend(): void {
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

  /** Stop all sound, and drop the rest of the current replies. */
  #silence(): void {
    // Read the clocks first: the audio thread may run the flush at once.
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
    this.#interrupt.onLive();
    this.#resend();
    this.#listening.restart();
    void this.#loadPlayer();
    // The server answers with `characters`.
    this.#link.send({ type: "refresh_characters" });
    // An empty change is a query: the server answers with the current settings.
    this.#link.send({ type: "model_settings", data: {} });
  }

  async #loadPlayer(): Promise<void> {
    try {
      await this.#player.load();
    } catch (error) {
      if (error instanceof NoSound) {
        this.#notify("page", "no_sound", `${error.message} You can still read along.`);
        return;
      }
      // The fetch failed. If the WebSocket is down as well, the next connection loads the worklet.
      clearTimeout(this.#reloadTimer);
      this.#reloadTimer = setTimeout(() => {
        if (this.#state.link === "live") void this.#loadPlayer();
      }, RELOAD_MS);
    }
  }

  #onConversation({ conversation_id: id, resumed, heard }: ServerEvent & { type: "conversation_started" }): void {
    history.replaceState(null, "", `#/${id}`);
    for (const each of heard) this.#receipts.playedBefore(each.message_id, each.played_ms);
    if (!resumed) this.#storedOf = id; // a new conversation has no stored messages
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
      else this.#notify("transcript", "stored", `The earlier messages cannot be shown: ${error.message}`);
    }
  }

  #storedIsShown(conversationId: string): void {
    // Ignore the answer if the user has opened another conversation meanwhile.
    if (this.#state.conversationId === conversationId) this.#storedOf = conversationId;
  }

  #leaveConversation(): void {
    this.#silence();
    this.#outbox.clear();
    this.#interrupt.clear();
    this.#storedOf = "";
    this.traces.value = [];
  }

  #applyVolume(): void {
    const { volume, muted } = this.preferences.value;
    // Squared, because loudness is not linear: the middle of the slider is then about half as loud.
    this.#player.setVolume(muted ? 0 : volume * volume);
  }

  #notify(place: NoticePlace, code: string, text: string): void {
    this.#apply({ on: "notice", notice: { place, code, text, serious: true } });
  }

  /** Reduce now, publish with the next animation frame: a hundred tokens a second then cost at most sixty renders. */
  #apply(input: ViewInput): void {
    this.#state = reduce(this.#state, input);
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
