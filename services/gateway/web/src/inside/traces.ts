/** The last turns with their times: the server's, and what this page itself has measured. Pure. */

import type { Message } from "../talk/view";

export interface Trace {
  readonly turnId: string;
  readonly said: string;
  readonly metrics: Record<string, unknown>;
  /** From sending (typed) or the end of speech, as this page saw it, to the first sample put out; null: not heard. */
  readonly heardAfterMs: number | null;
}

const KEPT = 20;

export function withMetrics(
  traces: readonly Trace[],
  messages: readonly Message[],
  turnId: string,
  metrics: Record<string, unknown>,
  heardAfterMs: number | null,
): readonly Trace[] {
  const said = messages.findLast((message) => message.id === turnId)?.text ?? "";
  const others = traces.filter((trace) => trace.turnId !== turnId);
  return [{ turnId, said, metrics, heardAfterMs }, ...others].slice(0, KEPT);
}

/** The first sound may be late: the turn's metrics are there already. */
export function withFirstSound(traces: readonly Trace[], { turnId, afterMs }: FirstSound): readonly Trace[] {
  return traces.map((trace) => (trace.turnId === turnId ? { ...trace, heardAfterMs: afterMs } : trace));
}

export interface FirstSound {
  readonly turnId: string;
  readonly afterMs: number;
}

/** Measures one turn after the other: from the user's last word to the first sound. */
export class Stopwatch {
  #from: number | null = null;
  #turnId = "";
  #heard = new Map<string, number>();

  /** The user has finished: a message was sent, or speech ended. */
  userDone(nowMs: number): void {
    this.#from = nowMs;
  }

  turn(turnId: string): void {
    this.#turnId = turnId;
  }

  /** null: it is not the first, or nobody is answered. */
  firstSound(nowMs: number): FirstSound | null {
    if (this.#from === null || this.#turnId === "") return null;
    const first = { turnId: this.#turnId, afterMs: Math.round(nowMs - this.#from) };
    this.#heard.set(first.turnId, first.afterMs);
    this.#from = null;
    for (const oldest of this.#heard.keys()) {
      if (this.#heard.size <= KEPT) break;
      this.#heard.delete(oldest);
    }
    return first;
  }

  heardAfterMs(turnId: string): number | null {
    return this.#heard.get(turnId) ?? null;
  }
}
