/** What the characters remember of the beginning of a conversation. Pure. */

/** The server's upper bound. */
export const SUMMARY_MAX_CHARS = 8_000;

export interface Summary {
  readonly text: string;
  /** The position of the last message that the text stands for; 0: none. */
  readonly covers: number;
  /** When it was changed, in ms since 1970. Every change is later than the one before. */
  readonly made_at: number;
  /** The user wrote some of the text. */
  readonly edited: boolean;
  readonly off: boolean;
  readonly usage: unknown;
}

/** The last event `summary`, with the conversation it belongs to. */
export interface ToldSummary {
  readonly conversationId: string;
  readonly summary: Summary;
}

/** The one that was changed last; null if there is none. Of equal ones, the first. */
export function newestSummary(...known: readonly (Summary | null)[]): Summary | null {
  return known.reduce((newest, each) => (each && each.made_at > (newest?.made_at ?? -1) ? each : newest), null);
}
