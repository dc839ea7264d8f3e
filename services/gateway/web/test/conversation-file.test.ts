import { describe, expect, it } from "vitest";

import { isConversationFile } from "../src/ui/conversation-file";

const EXPORTED = '{\n  "format": "tertulia.conversation/1",\n  "conversation": {}\n}';
const CARD = JSON.stringify({ spec: "chara_card_v2", data: { name: "Mira" } });

describe("A file that is dropped onto the page", () => {
  it.each([
    ["chat.jsonl", "", true],
    ["CHAT.JSONL", CARD, true],
    ["conversation.json", EXPORTED, true],
    ["mira.json", CARD, false],
    ["mira.png", EXPORTED, false],
  ])("%s is a conversation or a card", async (name, text, expected) => {
    expect(await isConversationFile(new File([text], name))).toBe(expected);
  });

  it("is a card if it cannot be read", async () => {
    const file = new File([EXPORTED], "folder.json");
    file.slice = () => ({ text: () => Promise.reject(new Error("a folder")) }) as unknown as Blob;
    expect(await isConversationFile(file)).toBe(false);
  });
});
