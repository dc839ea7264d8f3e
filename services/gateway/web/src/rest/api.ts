/** Client of the gateway's REST API, for the calls that the page uses. Every call rejects with `RequestFailed`. */

import type { CardTexts } from "../cards/card-texts";
import type { Book } from "../lore/lorebook";
import type { Summary } from "../talk/summary";
import type { ModelSettings } from "../wire/events";
import { readProblem, unreachable } from "./problem";
import { receiveSound } from "./sound-file";

export interface Character {
  readonly id: string;
  readonly name: string;
  readonly voice: string;
  readonly system_prompt: string;
  readonly image: string;
  readonly active: boolean;
  /** The character's own settings. null: the conversation's setting is used. */
  readonly model_settings: ModelSettings;
  /** How often the character answers a remark that is addressed to no one: 0 (never) to 100. */
  readonly talkativeness: number;
  /** A factor of the voice's own speed. */
  readonly speed: number;
  /** Semitones from the voice's own pitch. */
  readonly pitch: number;
  /** The beginnings of the greetings of its card. Older gateways do not send it. */
  readonly greetings?: readonly string[];
}

/** A character with the texts in its card. Older gateways do not send them. */
export interface WholeCharacter extends Character {
  readonly card_texts?: CardTexts;
}

export interface CharacterDraft extends Omit<Character, "id" | "greetings"> {
  /** The JSON of the character card of which a new character is made. */
  readonly card?: string;
  /** Texts to write into its card. Older gateways refuse them. */
  readonly card_texts?: Partial<CardTexts>;
}

/** Who the user can be. */
export interface Persona extends PersonaDraft {
  readonly id: string;
}

export interface PersonaDraft {
  /** What the characters call the user. */
  readonly name: string;
  readonly description: string;
  readonly image: string;
}

/** What the server has read in a file with a character card. Nothing is saved yet. */
export interface CardDraft {
  readonly character: Omit<CharacterDraft, "card_texts">;
  /** Older gateways do not send them. */
  readonly card_texts?: CardTexts;
  readonly notes: readonly CardNote[];
}

/** What an import has changed or left out. */
export interface CardNote {
  readonly code: string;
  readonly message: string;
}

export type CardFormat = "png" | "json";

export interface Voice {
  readonly id: string;
  readonly name: string;
  /** A BCP 47 tag; "und" if the voice speaks any language. */
  readonly language: string;
  readonly description: string;
  /** The description for programs; empty if it is a user's own text. Older servers do not send it. */
  readonly traits?: readonly string[];
  /** Where the voice comes from, as a name. */
  readonly origin?: string;
  readonly engine: string;
  /** What a character can change of the voice: "speed", "pitch". */
  readonly adjustable: readonly string[];
  /** True if a worker with this engine is running. */
  readonly available: boolean;
}

/** A voice made from a recording. */
export interface Clip {
  /** The voice's id. */
  readonly id: string;
  readonly name: string;
  readonly language: string;
  /** Length of the recording. */
  readonly seconds: number;
  readonly consented_at: string;
  /** True if a running engine has made the voice. */
  readonly ready: boolean;
  /** Why an engine cannot make the voice; "" if there is no problem. */
  readonly problem: string;
}

export interface Clips {
  /** The running engines that make voices from recordings. */
  readonly engines: readonly string[];
  /** How many voices can be made. */
  readonly limit: number;
  readonly clips: readonly Clip[];
}

export interface NewClip {
  readonly name: string;
  readonly language: string;
  readonly transcript: string;
  readonly consent: boolean;
  /** A WAV file in base64. */
  readonly audio: string;
}

/** How a character speaks with its voice. */
export type Delivery = Pick<Character, "speed" | "pitch">;

export interface ConversationRow {
  readonly id: string;
  readonly title: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** A part of the newest message, or of one that contains the text that is looked for. */
  readonly preview?: string;
  readonly preview_by?: string;
}

/** A conversation that was made from a file. */
export interface ImportedConversation extends ConversationRow {
  /** How many names of speakers in the file were too long and are shortened. */
  readonly shortened_names: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The value of `before` for the next page; null on the last page. */
  readonly next: string | null;
}

export interface Status {
  readonly version: string;
  /** The engines of the live workers, by stage. */
  readonly engines: Readonly<Record<string, readonly string[]>>;
  /** Why the engines of recognition and speech were chosen, by stage and engine. Older gateways do not send it. */
  readonly engine_reasons?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The requirements that are not running: `redis`, or the stages that have no live worker. */
  readonly missing: readonly string[];
  readonly redis_ms: number | null;
  /** Prefix of every Redis key. */
  readonly namespace: string;
}

export interface ServedSummary extends Summary {
  /** The server makes summaries. */
  readonly enabled: boolean;
}

/** Fields that are missing keep their values. */
export interface SummaryChange {
  readonly text?: string;
  /** `covers` of the text that was edited. */
  readonly covers?: number;
  readonly off?: boolean;
}

export interface LorebookOwner {
  readonly kind: "conversation" | "character";
  readonly id: string;
}

/** `jsonl`: a chat of SillyTavern. */
export type ExportFormat = "markdown" | "text" | "json" | "jsonl";

export type SoundFormat = "ogg" | "wav";

export class Api {
  /** @param token `""` if the server requires none */
  constructor(private readonly token: string) {}

  async characters(): Promise<readonly Character[]> {
    return list<Character>(await this.ask("GET", "api/characters"), "characters");
  }

  /** @param user what the character's greetings call the user; `""`: they show an ellipsis instead */
  async character(id: string, user = ""): Promise<WholeCharacter> {
    const query = user ? `?user=${encodeURIComponent(user)}` : "";
    return (await this.ask("GET", `api/characters/${encodeURIComponent(id)}${query}`)) as WholeCharacter;
  }

  /** Resolves to the id of the new character. */
  async createCharacter(draft: CharacterDraft): Promise<string> {
    return ((await this.ask("POST", "api/characters", draft)) as Character).id;
  }

  async changeCharacter(id: string, change: Partial<CharacterDraft>): Promise<void> {
    await this.ask("PATCH", `api/characters/${encodeURIComponent(id)}`, change);
  }

  /** Read a character card: a PNG or JSON file. */
  async readCard(file: Blob): Promise<CardDraft> {
    return (await this.ask("POST", "api/characters/card", file)) as CardDraft;
  }

  async card(id: string, format: CardFormat): Promise<Blob> {
    const answer = await this.#fetch("GET", `api/characters/${encodeURIComponent(id)}/card?format=${format}`);
    return answer.blob();
  }

  /** Fetch the character's card in this picture, a PNG. */
  async cardWithPicture(id: string, picture: Blob): Promise<Blob> {
    const answer = await this.#fetch("POST", `api/characters/${encodeURIComponent(id)}/card`, picture);
    return answer.blob();
  }

  /** Create the first characters again, if they were removed. */
  async restoreCharacters(): Promise<void> {
    await this.ask("POST", "api/characters/first");
  }

  async lorebook(of: LorebookOwner): Promise<Book> {
    return (await this.ask("GET", lorebookPath(of))) as Book;
  }

  /** Save a lorebook, or a file with one. Resolves to what was saved. */
  async saveLorebook(of: LorebookOwner, book: Book | Blob): Promise<Book> {
    return (await this.ask("PUT", lorebookPath(of), book)) as Book;
  }

  async summary(conversationId: string): Promise<ServedSummary> {
    return (await this.ask("GET", summaryPath(conversationId))) as ServedSummary;
  }

  async changeSummary(conversationId: string, change: SummaryChange): Promise<ServedSummary> {
    return (await this.ask("PUT", summaryPath(conversationId), change)) as ServedSummary;
  }

  async forgetSummary(conversationId: string): Promise<void> {
    await this.ask("DELETE", summaryPath(conversationId));
  }

  async deleteCharacter(id: string): Promise<void> {
    await this.ask("DELETE", `api/characters/${encodeURIComponent(id)}`);
  }

  async personas(): Promise<readonly Persona[]> {
    return list<Persona>(await this.ask("GET", "api/personas"), "personas");
  }

  /** Create or replace a persona. Resolves to it as the server keeps it. */
  async savePersona(id: string, draft: PersonaDraft): Promise<Persona> {
    return (await this.ask("PUT", `api/personas/${encodeURIComponent(id)}`, draft)) as Persona;
  }

  async deletePersona(id: string): Promise<void> {
    await this.ask("DELETE", `api/personas/${encodeURIComponent(id)}`);
  }

  async voices(): Promise<readonly Voice[]> {
    return list<Voice>(await this.ask("GET", "api/voices"), "voices");
  }

  /** Fetch a WAV with a sentence in this voice. Rejects with an `AbortError` if the signal is aborted. */
  async voiceSample(id: string, { speed, pitch }: Delivery, signal: AbortSignal): Promise<Blob> {
    const query = new URLSearchParams({ speed: String(speed), pitch: String(pitch) });
    const path = `api/voices/${encodeURIComponent(id)}/sample?${query}`;
    const answer = await this.#fetch("GET", path, undefined, signal);
    return answer.blob();
  }

  /** Fetch the sound of a finished reply: a WAV of unknown length. Rejects with an `AbortError` if it is aborted. */
  async messageSound(conversationId: string, messageId: string, signal: AbortSignal): Promise<Response> {
    const path = `api/conversations/${encodeURIComponent(conversationId)}/messages/${encodeURIComponent(messageId)}/sound`;
    return this.#fetch("GET", path, undefined, signal);
  }

  async clips(): Promise<Clips> {
    return (await this.ask("GET", "api/clips")) as Clips;
  }

  async makeVoice(clip: NewClip): Promise<Clip> {
    return (await this.ask("POST", "api/clips", clip)) as Clip;
  }

  async deleteVoice(id: string): Promise<void> {
    await this.ask("DELETE", `api/clips/${encodeURIComponent(id)}`);
  }

  async conversations(before: string | null, search: string): Promise<Page<ConversationRow>> {
    const query = new URLSearchParams({ limit: "30" });
    if (before) query.set("before", before);
    if (search) query.set("search", search);
    return (await this.ask("GET", `api/conversations?${query}`)) as Page<ConversationRow>;
  }

  async status(): Promise<Status> {
    return (await this.ask("GET", "api/status")) as Status;
  }

  async renameConversation(id: string, title: string): Promise<void> {
    await this.ask("PATCH", `api/conversations/${encodeURIComponent(id)}`, { title });
  }

  async deleteConversation(id: string): Promise<void> {
    await this.ask("DELETE", `api/conversations/${encodeURIComponent(id)}`);
  }

  async exportConversation(id: string, format: ExportFormat): Promise<Blob> {
    const answer = await this.#fetch("GET", `api/conversations/${encodeURIComponent(id)}/export?format=${format}`);
    return answer.blob();
  }

  /**
   * Fetch a whole conversation as a sound file, which may take minutes. Rejects if the signal is aborted, or if the file
   * is not complete.
   *
   * @param arrived called with the number of bytes that have arrived
   */
  async conversationSound(
    id: string,
    format: SoundFormat,
    signal: AbortSignal,
    arrived: (bytes: number) => void,
  ): Promise<Blob> {
    const path = `api/conversations/${encodeURIComponent(id)}/sound?format=${format}`;
    return receiveSound(await this.#fetch("GET", path, undefined, signal), arrived);
  }

  /**
   * Make a conversation from a file.
   *
   * @param requestId the same for a repetition, so that it makes no second copy
   */
  async importConversation(file: Blob, requestId: string): Promise<ImportedConversation> {
    const answer = await this.#fetch("POST", `api/conversations/import?request_id=${requestId}`, file);
    return (await answer.json()) as ImportedConversation;
  }

  /** Send a request, and return the decoded answer; null if it is empty. */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#fetch(method, path, body);
    if (answer.status === 204) return null;
    return answer.json().catch(() => {
      throw readProblem(502, null);
    });
  }

  async #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.token) headers["Authorization"] = `Bearer ${this.token}`;
    // A deletion that the user could undo may be sent when the page is closed.
    const request: RequestInit = { method, headers, keepalive: method === "DELETE" };
    if (body !== undefined) {
      const isFile = body instanceof Blob;
      headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
      request.body = isFile ? body : JSON.stringify(body);
    }
    if (signal) request.signal = signal;
    const answer = await fetch(new URL(path, document.baseURI), request).catch((error: unknown) => {
      throw signal?.aborted ? error : unreachable();
    });
    if (!answer.ok) throw readProblem(answer.status, await answer.json().catch(() => null));
    return answer;
  }
}

function summaryPath(conversationId: string): string {
  return `api/conversations/${encodeURIComponent(conversationId)}/summary`;
}

function lorebookPath({ kind, id }: LorebookOwner): string {
  const path = `api/${kind}s/${encodeURIComponent(id)}/lorebook`;
  return kind === "character" ? `${path}?format=character_book` : path;
}

/** Return the list in an answer, either bare or under a name. */
function list<T>(answer: unknown, name: string): readonly T[] {
  if (Array.isArray(answer)) return answer as T[];
  const inner =
    (answer as Record<string, unknown> | null)?.[name] ?? (answer as Record<string, unknown> | null)?.["items"];
  return Array.isArray(inner) ? (inner as T[]) : [];
}
