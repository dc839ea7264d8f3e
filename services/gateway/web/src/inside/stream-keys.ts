/** The redis-cli commands that read a conversation's keys. */

import { type Texts } from "../texts";

export interface KeyLine {
  /** The name of its text in `texts.inside.keys`. */
  readonly what: keyof Texts["inside"]["keys"];
  readonly command: string;
}

/**
 * @param namespace the first part of every key
 * @param messageId the reply whose sentences and sound to read; `""` if there is none yet
 */
export function keyLines(namespace: string, conversationId: string, messageId: string): KeyLine[] {
  if (!conversationId) return [];
  const base = `${namespace}:{${conversationId}}`;
  const lines: KeyLine[] = [
    { what: "events", command: `XRANGE ${base}:events - +` },
    { what: "turns", command: `XRANGE ${base}:turns - +` },
    { what: "control", command: `XRANGE ${base}:control - +` },
    { what: "receipts", command: `XRANGE ${base}:receipts - +` },
    { what: "state", command: `HGETALL ${base}:state` },
  ];
  if (!messageId) return lines;
  return [
    ...lines,
    { what: "sentences", command: `XRANGE ${base}:${messageId}:sentences - +` },
    { what: "audio", command: `XLEN ${base}:${messageId}:audio` },
  ];
}
