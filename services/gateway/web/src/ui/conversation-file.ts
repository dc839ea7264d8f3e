/** Tells a file with a conversation from a character card, so that either can be dropped onto the page. */

/** What an exported conversation begins with, near its start. */
const FORMAT = '"tertulia.conversation/';
const HEAD_BYTES = 1_024;

/** True for a chat of SillyTavern, by its name, and for a conversation that was exported as JSON, by its beginning. */
export async function isConversationFile(file: File): Promise<boolean> {
  if (/\.jsonl$/iu.test(file.name)) return true;
  if (!/\.json$/iu.test(file.name)) return false;
  // A folder can have such a name, and cannot be read; the import then says so.
  const head = await file.slice(0, HEAD_BYTES).text().catch(() => "");
  return head.includes(FORMAT);
}
