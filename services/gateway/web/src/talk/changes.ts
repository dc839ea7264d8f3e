/**
 * What the user changes about a conversation: the model's settings, who answers, the user's name, and the order of the
 * characters. A change is sent to the server and shown before the server has confirmed it.
 */

import type { Api } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import { texts } from "../texts";
import type { AnsweringChange, Command } from "../wire/commands";
import type { ModelSettings } from "../wire/events";
import { muting } from "./answering";
import type { PublishedState } from "./published-state";
import { hasBegun, nameToSend } from "./user-name";

export interface ChangesCallbacks {
  /** Returns false while the connection is down. */
  send(command: Command): boolean;
  /** The name that the user gave last in this browser. */
  rememberedName(): string;
  rememberName(name: string): void;
}

export class Changes {
  constructor(
    private readonly page: PublishedState,
    private readonly api: Api,
    private readonly on: ChangesCallbacks,
  ) {}

  /** Returns false if the connection is down; nothing is changed. */
  settings(change: Partial<ModelSettings>): boolean {
    const sent = this.on.send({ type: "model_settings", data: change });
    if (sent) this.page.applyNow({ on: "settings_changed", change });
    return sent;
  }

  /** Another model server is used, or the demo again. A model that was chosen for the old server is not asked for. */
  modelServer(isDemo: boolean): void {
    this.page.apply({ on: "demo", demo: isDemo });
    if (this.page.current.settings?.model) this.settings({ model: null });
  }

  /** Change who answers. Without a connection, nothing is changed, and a notice says so. */
  answering(change: AnsweringChange): void {
    if (this.on.send({ type: "answering", data: change })) this.page.apply({ on: "answering_changed", change });
    else this.page.notify("composer", "answering", texts.problems.notChanged);
  }

  /** A muted character answers only if it is called by name. */
  mute(characterId: string, muted: boolean): void {
    this.answering(muting(this.page.current.answering, characterId, muted));
  }

  /**
   * Change what the characters call the user, in this conversation and in new ones. Returns false if the connection is
   * down; nothing is changed. A conversation that has not begun gets the name with its first turn: until then, nothing
   * of it is stored.
   */
  name(name: string): boolean {
    if (hasBegun(this.page.current) && !this.#sendName(name)) return false;
    this.on.rememberName(name);
    return true;
  }

  /** Give a new conversation the name that the user gave last. */
  sendRememberedName(): void {
    const name = nameToSend(this.page.current, this.on.rememberedName());
    if (name) this.#sendName(name);
  }

  /** Seat the characters in this order, for every conversation. */
  seats(ids: readonly string[]): void {
    this.page.applyNow({ on: "seated", ids });
    this.api.seatCharacters(ids).then(
      () => this.refreshCharacters(),
      (error: unknown) => {
        if (!(error instanceof RequestFailed)) throw error;
        this.page.notify("page", "seats", texts.seat.notMoved(error.message));
        this.refreshCharacters();
      },
    );
  }

  /** The server answers with `characters`. */
  refreshCharacters(): void {
    this.on.send({ type: "refresh_characters" });
  }

  /** An empty change is a query: the server answers with the current values. */
  query(): void {
    this.refreshCharacters();
    this.on.send({ type: "model_settings", data: {} });
    this.on.send({ type: "answering", data: {} });
    this.on.send({ type: "user_name", data: {} });
  }

  #sendName(name: string): boolean {
    const sent = this.on.send({ type: "user_name", data: { name } });
    if (sent) this.page.apply({ on: "name_changed", name });
    return sent;
  }
}
