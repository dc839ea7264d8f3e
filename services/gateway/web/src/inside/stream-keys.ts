/** The Redis keys of a talk as lines for redis-cli. */

export interface KeyLine {
  readonly what: string;
  readonly command: string;
}

/**
 * @param namespace the first part of every key
 * @param messageId of the reply whose sentences and sound are to be read; `""`: none yet
 */
export function keyLines(namespace: string, conversationId: string, messageId: string): KeyLine[] {
  if (!conversationId) return [];
  const base = `${namespace}:{${conversationId}}`;
  const lines = [
    { what: "What this page is shown", command: `XRANGE ${base}:events - +` },
    { what: "Your messages, in order", command: `XRANGE ${base}:turns - +` },
    { what: "Interruptions and settings", command: `XRANGE ${base}:control - +` },
    { what: "What this page has played", command: `XRANGE ${base}:receipts - +` },
    { what: "Where the talk stands", command: `HGETALL ${base}:state` },
  ];
  if (!messageId) return lines;
  return [
    ...lines,
    { what: "The last reply, sentence by sentence", command: `XRANGE ${base}:${messageId}:sentences - +` },
    { what: "How many chunks of its sound", command: `XLEN ${base}:${messageId}:audio` },
  ];
}
