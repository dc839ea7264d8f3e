/**
 * What the user changes about a conversation: the model's settings, who answers, the user's name and persona, the
 * author's note, and the characters at the table. A change is sent to the server and shown before the server has confirmed it.
 */

import { texts } from "../texts";
import type { AnsweringChange, CastChange, Command, NoteChange } from "../wire/commands";
import type { ModelSettings } from "../wire/events";
import { muting } from "./answering";
import { castToSend, isCastKept, isCastKnown } from "./cast";
import { type ChosenPersona, isPersonaKept, personaToSend } from "./persona";
import type { PublishedState } from "./published-state";
import { hasBegun, nameToSend } from "./user-name";

export interface ChangesCallbacks {
  /** Returns false while the connection is down. */
  send(command: Command): boolean;
  /** The name that the user gave last in this browser. */
  rememberedName(): string;
  rememberName(name: string): void;
  /** The persona that was chosen last in this browser; null: none. */
  rememberedPersona(): ChosenPersona | null;
  rememberPersona(persona: ChosenPersona): void;
  rememberCast(ids: readonly string[]): void;
}

export class Changes {
  constructor(
    private readonly page: PublishedState,
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

  /** A muted character answers only if it is called by name. Nothing is changed until the rules are known. */
  mute(characterId: string, muted: boolean): void {
    if (this.page.current.answering.confirmed) this.answering(muting(this.page.current.answering, characterId, muted));
    else this.page.notify("composer", "answering", texts.problems.notChanged);
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

  /**
   * Choose who the user is, in this conversation and in new ones. Returns false if the connection is down; nothing is
   * changed. A conversation without a turn gets the persona with its first turn: until then, nothing of it is stored.
   */
  persona(persona: ChosenPersona): boolean {
    if (isPersonaKept(this.page.current) && !this.#sendPersona(persona)) return false;
    this.on.rememberPersona(persona);
    return true;
  }

  /**
   * Change the author's note. Returns false if the connection is down; nothing is changed. A conversation without a turn
   * gets the note with its first turn.
   */
  note(change: NoteChange): boolean {
    const { cast, note } = this.page.current;
    const waits = cast.isNew && !note.confirmed?.text;
    if (!waits && !this.on.send({ type: "note", data: change })) return false;
    this.page.applyNow({ on: "note_changed", change });
    return true;
  }

  /** Before a turn: give a new conversation what the user chose last, and the note that waits for the turn. */
  sendRemembered(): void {
    const persona = personaToSend(this.page.current, this.on.rememberedPersona());
    if (persona) this.#sendPersona(persona);
    // After the persona, whose name would replace it.
    this.#sendRememberedName();
    const { pending } = this.page.current.note;
    if (this.page.current.cast.isNew && Object.keys(pending).length > 0) this.on.send({ type: "note", data: pending });
    const { shelf, cast } = this.page.current;
    const characters = castToSend(shelf, cast);
    if (characters) this.#sendCast({ characters });
  }

  #sendRememberedName(): void {
    const name = nameToSend(this.page.current, this.on.rememberedName());
    if (name) this.#sendName(name);
  }

  /**
   * Seat these characters in this order, in this conversation and in new ones. A conversation without a turn gets them
   * with its first turn: until then, nothing of it is stored. Nothing is changed until the table is known.
   */
  seats(ids: readonly string[]): void {
    if (!isCastKnown(this.page.current)) {
      this.page.notify("page", "cast", texts.problems.notChanged);
      return;
    }
    if (isCastKept(this.page.current.cast) && !this.#sendCast({ characters: ids })) return;
    this.on.rememberCast(ids);
    this.page.applyNow({ on: "cast_remembered", ids });
  }

  /** Seat a character at the end of the table, or let it leave. */
  seat(characterId: string, isSeated: boolean): void {
    const seated = this.page.current.characters.filter(({ active }) => active).map(({ id }) => id);
    const others = seated.filter((id) => id !== characterId);
    this.seats(isSeated ? [...others, characterId] : others);
  }

  /** A new character sits at the table by itself only where all active characters do. */
  seatNew(characterId: string): void {
    const { cast, shelf } = this.page.current;
    if (cast.pending.characters ?? cast.confirmed?.characters ?? castToSend(shelf, cast)) this.seat(characterId, true);
  }

  /** Whether the characters are told what was said while they were not at the table. */
  tell(told: boolean): void {
    this.#sendCast({ told });
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
    this.on.send({ type: "cast", data: {} });
    this.on.send({ type: "persona", data: {} });
    this.on.send({ type: "note", data: {} });
  }

  #sendPersona(persona: ChosenPersona): boolean {
    const sent = this.on.send({ type: "persona", data: { persona_id: persona.id || null } });
    if (sent) this.page.applyNow({ on: "persona_changed", persona });
    return sent;
  }

  #sendCast(change: CastChange): boolean {
    const sent = this.on.send({ type: "cast", data: change });
    if (sent) this.page.applyNow({ on: "cast_changed", change });
    else this.page.notify("page", "cast", texts.problems.notChanged);
    return sent;
  }

  #sendName(name: string): boolean {
    const sent = this.on.send({ type: "user_name", data: { name } });
    if (sent) this.page.apply({ on: "name_changed", name });
    return sent;
  }
}
