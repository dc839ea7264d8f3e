/** The redis-cli commands that read a conversation's keys. */

export interface KeyLine {
  readonly what: string;
  readonly command: string;
}

/**
 * @param namespace the first part of every key
 * @param messageId the reply whose sentences and sound to read; `""` if there is none yet
 */
export function keyLines(namespace: string, conversationId: string, messageId: string): KeyLine[] {
  if (!conversationId) return [];
  const base = `${namespace}:{${conversationId}}`;
  const lines = [
    { what: "Events sent to this page", command: `XRANGE ${base}:events - +` },
    { what: "Your messages, in order", command: `XRANGE ${base}:turns - +` },
    { what: "Interruptions and settings", command: `XRANGE ${base}:control - +` },
    { what: "Playback receipts of this page", command: `XRANGE ${base}:receipts - +` },
    { what: "State of this conversation", command: `HGETALL ${base}:state` },
  ];
  if (!messageId) return lines;
  return [
    ...lines,
    { what: "The last reply, sentence by sentence", command: `XRANGE ${base}:${messageId}:sentences - +` },
    { what: "Number of its sound chunks", command: `XLEN ${base}:${messageId}:audio` },
  ];
}
