/**
 * The page's controller: connects the WebSocket, the playback, the microphone and the page's state. All decisions are
 * made by pure modules; this class carries them out. An event is applied to the sound first, because an interruption
 * must stop it at once, and then to the state.
 */

import { signal } from "@preact/signals";

import { type Lore, Stopwatch, type Trace, withFirstSound, withLore, withMetrics } from "../inside/traces";
import type { LinkState } from "../link/state-machine";
import { Link } from "../link/socket";
import { socketUrl } from "../link/url";
import { Api } from "../rest/api";
import { showLanguage } from "../texts";
import { languageFor } from "../texts/languages";
import type { ServerEvent } from "../wire/events";
import { conversationInAddress } from "./address";
import { Changes } from "./changes";
import { ConversationChoice } from "./conversation-choice";
import { canBeginTurn } from "./first-turn";
import { canStop, isDismissed, isTalking } from "./status-line";
import { ListeningController } from "./listening";
import { MessageChanges } from "./message-changes";
import { InterruptRequest } from "./interrupt-request";
import { Playback } from "./playback";
import type { ChosenPersona } from "./persona";
import { type Preferences, loadPreferences, savePreferences } from "./preferences";
import type { Probe } from "./probe";
import { StoredLoader } from "./stored-loader";
import { TurnSender } from "./turn-sender";
import type { Notice, NoticePlace } from "./page-state";
import type { PageInput } from "./page-reducer";
import { pageTitle } from "./page-title";
import { PublishedState } from "./published-state";
import { UnsentMessages } from "./unsent-messages";
import { WakeLock } from "./wake-lock";

export class Talk {
  readonly traces = signal<readonly Trace[]>([]);
  #lore: ReadonlyMap<string, Lore> = new Map();
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
  readonly changes: Changes;
  readonly history: MessageChanges;

  #page = new PublishedState((state) => {
    this.#showTitle();
    this.#wakeLock.want(isTalking(state));
    this.history.onState();
  });
  /** The state that the page shows. */
  readonly state = this.#page.shown;
  #link: Link;
  #playback: Playback;
  #listening: ListeningController;
  #stopwatch = new Stopwatch();
  #interrupt = new InterruptRequest(() => this.#link.send({ type: "interrupt" }));
  #stored: StoredLoader;
  #unsent = new UnsentMessages(conversationInAddress(location.hash));
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
    this.changes = new Changes(this.#page, {
      send: (command) => this.#link.send(command),
      rememberedName: () => this.preferences.value.userName,
      rememberName: (userName) => this.prefer({ userName, userNameAsked: true }),
      rememberedPersona: () => this.preferences.value.persona,
      rememberPersona: (persona) => this.#rememberPersona(persona),
      rememberCast: (cast) => this.prefer({ cast }),
    });
    this.conversations = new ConversationChoice(this.#link, {
      open: () => this.#page.current.conversationId,
      leave: (to) => this.#leaveConversation(to),
      tell: (code, text) => this.#page.notify("page", code, text, false),
    });
    this.#playback = new Playback(
      {
        state: () => this.#page.current,
        apply: (input) => this.#page.apply(input),
        receipt: (receipt) => this.#link.send({ type: "playback", data: receipt }),
        started: (atMs) => this.#onFirstSound(atMs),
        level: (level) => (this.voiceLevel.value = level),
        trouble: (code, problem) => this.#page.notify("page", code, problem),
      },
      probe,
    );
    this.#stored = new StoredLoader(this.api, {
      open: () => this.#page.current.conversationId,
      loading: (isLoading) => this.#page.apply({ on: "loading_stored", isLoading }),
      loaded: (stored) => this.#page.apply({ on: "stored", ...stored }),
      reloaded: (stored) => this.#page.apply({ on: "reloaded", ...stored }),
      trouble: (problem) => this.#page.notify("transcript", "stored", problem),
    });
    this.#turns = new TurnSender(
      {
        state: () => this.#page.current,
        prepare: () => {
          this.history.sendDeletions();
          this.changes.sendRemembered();
        },
        send: (command) => this.#link.send(command),
        begins: (input) => this.#onTurnBegins(input),
        restored: (input) => this.#page.apply(input),
        unaccepted: (commands) => this.#unsent.keep(commands),
        trouble: (code, problem) => this.#page.notify("composer", code, problem),
      },
      this.#unsent.load(),
    );
    this.history = new MessageChanges(this.#page, this.#turns, this.api, {
      openBranch: (id) => this.conversations.openBranch(id),
    });
    this.#listening = new ListeningController({
      command: (type) => this.#link.send({ type }),
      pcm: (pcm) => this.#link.sendPcm(this.isMicrophoneWithheld ? new ArrayBuffer(pcm.byteLength) : pcm),
      level: (level) => (this.micLevel.value = level),
      microphone: (view) => this.#page.apply({ on: "microphone", view }),
      tell: (text, serious) => this.#page.notify("talk", "microphone", text, serious),
      device: () => this.preferences.value.microphone,
    });
  }

  /** Open the conversation that the address names, or a new one. */
  async start(): Promise<void> {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#playback.wake();
      this.changes.refreshCharacters();
    });
    addEventListener("pagehide", () => this.history.sendDeletions());
    this.#page.apply({ on: "cast_remembered", ids: this.preferences.value.cast });
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
  requestReply(characterId = "", greeting = 0): void {
    this.#turns.requestReply(characterId, greeting);
  }

  /** Let the characters talk among themselves. */
  requestDiscussion(): void {
    this.#turns.requestDiscussion();
  }

  /** Interrupt without sending a message: for typing, Esc and the stop button. */
  stop(): void {
    if (!canStop(this.#page.current)) return;
    this.#playback.silence();
    this.#interrupt.request();
  }

  listen(on: boolean, keepWarm = false): void {
    void this.unlockSound();
    this.dismiss("talk");
    if (on) this.changes.sendRemembered();
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

  /** A new conversation takes the persona, and its name. */
  #rememberPersona(persona: ChosenPersona): void {
    const { persona: before, userName } = this.preferences.value;
    const isGivenUp = !persona.id && before?.name === userName;
    const name = persona.id ? { userName: persona.name, userNameAsked: true } : isGivenUp ? { userName: "" } : {};
    this.prefer({ persona: persona.id ? persona : null, ...name });
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

  retryNow(): void {
    this.#link.retryNow();
  }

  /** Dismiss one notice at a place, or all of them. */
  dismiss(place: NoticePlace, only?: Notice): void {
    this.#page.apply({ on: "dismiss", place, ...(only === undefined ? {} : { only }) });
  }

  // -- inputs

  #onEvent(event: ServerEvent): void {
    const now = performance.now();
    this.#playback.onEvent(event, now);
    this.#interrupt.onEvent(event);
    this.#listening.onEvent(event);
    this.#turns.onEvent(event);
    this.conversations.onEvent(event);
    if (event.type === "turn_accepted") this.#stopwatch.turn(event.turn_id);
    if (event.type === "vad_start") this.history.onSpeech();
    if (event.type === "vad_stop") this.#stopwatch.userDone(now);
    if (!this.conversations.isUnknown(event) && !isAboutSession(event)) this.#page.apply({ on: "event", event });
    if (event.type === "conversation_started") this.#onConversation(event);
    // The server may be unable to say what the conversation has; a message must not wait for that.
    else if (this.#turns.isHeld && (event.type === "error" || canBeginTurn(this.#page.current))) this.#beginTurns();
    if (event.type === "history_changed" && event.reload) {
      void this.#stored.reload(this.#page.current.conversationId, event.message_id);
    }
    if (event.type === "lore_used") {
      const one = { used: event.entries.map(({ name }) => name), leftOut: event.left_out };
      this.#lore = withLore(this.#lore, event.message_id, one);
    }
    if (event.type === "turn_metrics") {
      const heardAfterMs = this.#stopwatch.heardAfterMs(event.turn_id);
      this.traces.value = withMetrics(
        this.traces.value,
        this.#page.current.messages,
        event.turn_id,
        event.metrics,
        heardAfterMs,
        this.#lore,
      );
    }
  }

  #onTurnBegins(input: PageInput): void {
    void this.unlockSound();
    this.#playback.silence();
    this.#stopwatch.userDone(performance.now());
    this.#page.apply(input);
  }

  #onFirstSound(atMs: number): void {
    const first = this.#stopwatch.firstSound(atMs);
    if (first) this.traces.value = withFirstSound(this.traces.value, first);
  }

  #onLink(state: LinkState): void {
    this.#page.apply({ on: "link", phase: state.phase, reason: state.reason, conversationId: state.conversationId });
    this.#playback.pause(isDismissed(this.#page.current));
    if (isDismissed(this.#page.current)) this.#listening.dismissed();
    else if (state.phase !== "live") this.#listening.connectionLost();
  }

  #onLive(): void {
    this.#playback.repeatReceipt();
    this.#interrupt.onLive();
    if (canBeginTurn(this.#page.current)) this.#beginTurns();
    else this.#turns.hold();
    this.#listening.live();
    void this.#playback.load();
    this.changes.query();
  }

  #beginTurns(): void {
    if (this.#page.current.messages.length > 0 || this.listening) this.changes.sendRemembered();
    this.#turns.release();
  }

  #onConversation({ conversation_id: id, resumed, heard, unused }: ServerEvent & { type: "conversation_started" }): void {
    this.conversations.started(id);
    this.#unsent.opened(id);
    this.#turns.keep();
    this.#playback.heardBefore(heard);
    if (!resumed || unused) this.#stored.isNew(id);
    void this.#stored.load(id).then(() => this.#turns.restore());
  }

  #leaveConversation(to: string | null): void {
    this.history.sendDeletions();
    this.#playback.restart();
    this.#page.apply({ on: "left" });
    this.#stored.forget();
    this.traces.value = [];
    this.#lore = new Map();
    if (to === null) return;
    this.#unsent.leave(to);
    this.#turns.leave(this.#unsent.load());
    this.#interrupt.clear();
  }

  #showTitle(): void {
    document.title = pageTitle(this.#page.current);
  }
}

/** The page handles a missing session by itself: it begins another one. */
function isAboutSession(event: ServerEvent): boolean {
  return event.type === "error" && event.code === "not_listening";
}
