/**
 * The page's controller: connects the WebSocket, the playback, the microphone and the page's state. All decisions are
 * made by pure modules; this class carries them out. An event is applied to the sound first, because an interruption
 * must stop it at once, and then to the state.
 */

import { signal } from "@preact/signals";

import { Stopwatch, type Trace, withFirstSound, withMetrics } from "../inside/traces";
import type { LinkState } from "../link/state-machine";
import { Link } from "../link/socket";
import { socketUrl } from "../link/url";
import { Api } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import { showLanguage, texts } from "../texts";
import { languageFor } from "../texts/languages";
import type { AnsweringChange } from "../wire/commands";
import type { ModelSettings, ServerEvent } from "../wire/events";
import { muting } from "./answering";
import { ConversationChoice } from "./conversation-choice";
import { canStop, isDismissed, isTalking } from "./status-line";
import { ListeningController } from "./listening";
import { InterruptRequest } from "./interrupt-request";
import { Playback } from "./playback";
import { type Preferences, loadPreferences, savePreferences } from "./preferences";
import type { Probe } from "./probe";
import { StoredLoader } from "./stored-loader";
import { TurnSender } from "./turn-sender";
import { EMPTY, type Notice, type NoticePlace, type PageState } from "./page-state";
import { type PageInput, reduce } from "./page-reducer";
import { pageTitle } from "./page-title";
import { hasBegun, nameToSend } from "./user-name";
import { WakeLock } from "./wake-lock";

export class Talk {
  readonly state = signal<PageState>(EMPTY);
  readonly traces = signal<readonly Trace[]>([]);
  readonly preferences = signal<Preferences>(loadPreferences());
  /**
   * True while a sample of a voice plays or a recording is made. Then silence is sent for the microphone's sound, which
   * is not meant for the conversation.
   */
  isMicrophoneWithheld = false;
  /** The microphone's level: root mean square, 0…1, updated several times a second. */
  readonly micLevel = signal(0);
  readonly voiceLevel = signal(0);
  readonly api: Api;
  readonly conversations: ConversationChoice;

  #state: PageState = EMPTY;
  #publishing = false;
  #link: Link;
  #playback: Playback;
  #listening: ListeningController;
  #stopwatch = new Stopwatch();
  #interrupt = new InterruptRequest(() => this.#link.send({ type: "interrupt" }));
  #stored: StoredLoader;
  #turns: TurnSender;
  #wakeLock = new WakeLock(navigator.wakeLock, document);

  constructor(
    token: string,
    probe: Probe | null,
  ) {
    this.api = new Api(token);
    this.#link = new Link((at) => socketUrl(at, token), {
      event: (event) => this.#onEvent(event),
      audio: (frame) => this.#playback.onAudio(frame),
      state: (state) => this.#onLink(state),
      live: () => this.#onLive(),
      unreadable: (problem) => console.warn(`Tertulia: ${problem}; the frame was ignored.`),
    });
    this.conversations = new ConversationChoice(this.#link, {
      open: () => this.#state.conversationId,
      leave: (comesBack) => this.#leaveConversation(comesBack),
      tell: (code, text) => this.#notify("page", code, text, false),
    });
    this.#playback = new Playback(
      {
        state: () => this.#state,
        apply: (input) => this.#apply(input),
        receipt: (receipt) => this.#link.send({ type: "playback", data: receipt }),
        started: (atMs) => this.#onFirstSound(atMs),
        level: (level) => (this.voiceLevel.value = level),
        trouble: (code, problem) => this.#notify("page", code, problem),
      },
      probe,
    );
    this.#stored = new StoredLoader(this.api, {
      open: () => this.#state.conversationId,
      loaded: (conversationId, messages, usage) => this.#apply({ on: "stored", conversationId, messages, usage }),
      trouble: (problem) => this.#notify("transcript", "stored", problem),
    });
    this.#turns = new TurnSender({
      state: () => this.#state,
      prepare: () => this.#sendRememberedName(),
      send: (command) => this.#link.send(command),
      begins: (input) => this.#onTurnBegins(input),
      trouble: (code, problem) => this.#notify("composer", code, problem),
    });
    this.#listening = new ListeningController({
      command: (type) => this.#link.send({ type }),
      pcm: (pcm) => this.#link.sendPcm(this.isMicrophoneWithheld ? new ArrayBuffer(pcm.byteLength) : pcm),
      level: (level) => (this.micLevel.value = level),
      microphone: (view) => this.#apply({ on: "microphone", view }),
      tell: (text, serious) => this.#notify("talk", "microphone", text, serious),
      device: () => this.preferences.value.microphone,
    });
  }

  /** Open the conversation that the address names, or a new one. */
  async start(): Promise<void> {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#playback.wake();
      this.refreshCharacters();
    });
    this.conversations.start();
    this.#playback.setVolume(this.preferences.value);
    if (this.preferences.value.loudspeaker) this.#playback.setLoudspeaker(this.preferences.value);
    await this.#playback.load();
  }

  // -- actions of the user

  /** See `TurnSender.say`. */
  say(text: string, to: readonly string[] | null = null): boolean {
    return this.#turns.say(text, to);
  }

  /** See `TurnSender.requestReply`. */
  requestReply(characterId = ""): void {
    this.#turns.requestReply(characterId);
  }

  /** Let the characters talk among themselves. */
  requestDiscussion(): void {
    this.#turns.requestDiscussion();
  }

  /** Interrupt without sending a message: for typing, Esc and the stop button. */
  stop(): void {
    if (!canStop(this.#state)) return;
    this.#playback.silence();
    this.#interrupt.request();
  }

  listen(on: boolean, keepWarm = false): void {
    void this.unlockSound();
    this.dismiss("talk");
    if (on) this.#sendRememberedName();
    if (on) this.#listening.start();
    else this.#listening.stop(keepWarm);
  }

  /** The user points at the microphone's button. */
  warmUp(): void {
    this.#listening.warmUp();
  }

  /** The user types. By default, only the sent message interrupts. */
  typing(): void {
    if (this.preferences.value.typingInterrupts) this.stop();
  }

  get listening(): boolean {
    return this.#listening.listening;
  }

  prefer(change: Partial<Preferences>): void {
    const before = this.preferences.value;
    const after = { ...before, ...change };
    this.preferences.value = after;
    savePreferences(after);
    this.#playback.setVolume(after);
    if (after.loudspeaker !== before.loudspeaker) this.#playback.setLoudspeaker(after);
    if (after.microphone !== before.microphone) this.#listening.changeDevice();
    if (after.language !== before.language) {
      void showLanguage(languageFor(after.language, navigator.languages)).then(() => this.#showTitle());
    }
  }

  /** Start the sound, which browsers allow only in a click or key handler. */
  async unlockSound(): Promise<void> {
    this.#listening.gesture();
    await this.#playback.unlock();
  }

  /** Returns false if the connection is down; nothing is changed. */
  changeSettings(change: Partial<ModelSettings>): boolean {
    const sent = this.#link.send({ type: "model_settings", data: change });
    if (sent) {
      this.#apply({ on: "settings_changed", change });
      // Publish at once, not with the next animation frame: the next key press on a slider continues from the value
      // that is shown.
      this.state.value = this.#state;
    }
    return sent;
  }

  /** Change who answers. Without a connection, nothing is changed, and a notice says so. */
  changeAnswering(change: AnsweringChange): void {
    if (this.#link.send({ type: "answering", data: change })) this.#apply({ on: "answering_changed", change });
    else this.#notify("composer", "answering", texts.problems.notChanged);
  }

  /** A muted character answers only if it is called by name. */
  mute(characterId: string, muted: boolean): void {
    this.changeAnswering(muting(this.#state.answering, characterId, muted));
  }

  /**
   * Change what the characters call the user, in this conversation and in new ones. Returns false if the connection is
   * down; nothing is changed. A conversation that has not begun gets the name with its first turn: until then, nothing
   * of it is stored.
   */
  changeName(name: string): boolean {
    if (hasBegun(this.#state) && !this.#sendName(name)) return false;
    this.prefer({ userName: name, userNameAsked: true });
    return true;
  }

  /** Seat the characters in this order, for every conversation. */
  seat(ids: readonly string[]): void {
    this.#apply({ on: "seated", ids });
    this.state.value = this.#state;
    this.api.seatCharacters(ids).then(
      () => this.refreshCharacters(),
      (error: unknown) => {
        if (!(error instanceof RequestFailed)) throw error;
        this.#notify("page", "seats", texts.seat.notMoved(error.message));
        this.refreshCharacters();
      },
    );
  }

  refreshCharacters(): void {
    this.#link.send({ type: "refresh_characters" });
  }

  /** Another model server is used, or the demo again. A model that was chosen for the old server is not asked for. */
  modelChanged(isDemo: boolean): void {
    this.#apply({ on: "demo", demo: isDemo });
    if (this.#state.settings?.model) this.changeSettings({ model: null });
  }

  retryNow(): void {
    this.#link.retryNow();
  }

  /** Dismiss one notice at a place, or all of them. */
  dismiss(place: NoticePlace, only?: Notice): void {
    this.#apply({ on: "dismiss", place, ...(only === undefined ? {} : { only }) });
  }

  // -- inputs

  #onEvent(event: ServerEvent): void {
    const now = performance.now();
    this.#playback.onEvent(event, now);
    this.#interrupt.onEvent(event);
    this.#listening.onEvent(event);
    this.#turns.onEvent(event);
    if (event.type === "turn_accepted") this.#stopwatch.turn(event.turn_id);
    if (event.type === "vad_stop") this.#stopwatch.userDone(now);
    if (!this.conversations.isUnknown(event) && !isAboutSession(event)) this.#apply({ on: "event", event });
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

  #onTurnBegins(input: PageInput): void {
    void this.unlockSound();
    this.#playback.silence();
    this.#stopwatch.userDone(performance.now());
    this.#apply(input);
  }

  #onFirstSound(atMs: number): void {
    const first = this.#stopwatch.firstSound(atMs);
    if (first) this.traces.value = withFirstSound(this.traces.value, first);
  }

  #onLink(state: LinkState): void {
    this.#apply({ on: "link", phase: state.phase, reason: state.reason, conversationId: state.conversationId });
    this.#playback.pause(isDismissed(this.#state));
    if (isDismissed(this.#state)) this.#listening.dismissed();
    else if (state.phase !== "live") this.#listening.connectionLost();
  }

  #onLive(): void {
    this.#interrupt.onLive();
    if (this.#state.messages.length > 0) this.#sendRememberedName();
    this.#turns.resend();
    this.#listening.live();
    void this.#playback.load();
    // The server answers with `characters`.
    this.#link.send({ type: "refresh_characters" });
    // An empty change is a query: the server answers with the current values.
    this.#link.send({ type: "model_settings", data: {} });
    this.#link.send({ type: "answering", data: {} });
    this.#link.send({ type: "user_name", data: {} });
  }

  #onConversation({ conversation_id: id, resumed, heard, unused }: ServerEvent & { type: "conversation_started" }): void {
    this.conversations.started(id);
    this.#playback.heardBefore(heard);
    if (!resumed || unused) this.#stored.isNew(id);
    void this.#stored.load(id);
  }

  #sendRememberedName(): void {
    const name = nameToSend(this.#state, this.preferences.value.userName);
    if (name) this.#sendName(name);
  }

  #sendName(name: string): boolean {
    const sent = this.#link.send({ type: "user_name", data: { name } });
    if (sent) this.#apply({ on: "name_changed", name });
    return sent;
  }

  #leaveConversation(comesBack: boolean): void {
    this.#playback.restart();
    this.#apply({ on: "left" });
    this.#stored.forget();
    this.traces.value = [];
    if (comesBack) return;
    this.#turns.clear();
    this.#interrupt.clear();
  }

  #showTitle(): void {
    document.title = pageTitle(this.#state);
  }

  #notify(place: NoticePlace, code: string, text: string, serious = true): void {
    this.#apply({ on: "notice", notice: { place, code, text, serious } });
  }

  /** Reduce now, publish with the next animation frame: a hundred tokens a second then cost at most sixty renders. */
  #apply(input: PageInput): void {
    this.#state = reduce(this.#state, input);
    if (this.#publishing) return;
    this.#publishing = true;
    const publish = () => {
      this.#publishing = false;
      this.state.value = this.#state;
      this.#showTitle();
      this.#wakeLock.want(isTalking(this.#state));
    };
    if (document.hidden) setTimeout(publish, 100);
    else requestAnimationFrame(publish);
  }
}

/** The page handles a missing session by itself: it begins another one. */
function isAboutSession(event: ServerEvent): boolean {
  return event.type === "error" && event.code === "not_listening";
}
