import { describe, expect, it } from "vitest";

import { OUTBOX_MAX } from "../src/link/outbox";
import { UnsentMessages } from "../src/talk/unsent-messages";
import type { TurnCommand } from "../src/wire/commands";

const KEY = "tertulia.unaccepted";

function said(text: string): TurnCommand {
  return { type: "user_message", data: { text, turn_id: `turn of ${text}` } };
}

/** The storage of a tab, and the pages that are opened in it one after the other. */
function tab(text = "") {
  const items = new Map(text ? [[KEY, text]] : []);
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  return { items, page: (conversationId: string) => new UnsentMessages(conversationId, () => storage) };
}

describe("unsent messages", () => {
  it("are kept for a page that opens the same conversation", () => {
    const { items, page } = tab();
    const first = page("c");
    first.keep([said("Hello"), { type: "request_reply", data: { turn_id: "r" } }, said("Bye")]);
    expect(page("c").load()).toEqual([said("Hello"), said("Bye")]);
    expect(page("d").load()).toEqual([]);
    first.keep([said("Bye")]);
    expect(page("c").load()).toEqual([said("Bye")]);
    first.keep([]);
    expect(items.size).toBe(0);
  });

  it("are kept while another conversation is open", () => {
    const { page } = tab();
    const unsent = page("c");
    unsent.keep([said("Hello")]);
    unsent.leave("d");
    expect(unsent.load()).toEqual([]);
    unsent.opened("d");
    unsent.keep([said("Hi")]);
    unsent.keep([]);
    unsent.leave("c");
    expect(unsent.load()).toEqual([said("Hello")]);
  });

  it("belong to a new conversation as soon as it has an id", () => {
    const { page } = tab();
    const unsent = page("");
    unsent.keep([said("Hello")]);
    expect(page("").load()).toEqual([said("Hello")]);
    unsent.opened("c");
    unsent.keep([said("Hello")]);
    expect([page("").load(), page("c").load()]).toEqual([[], [said("Hello")]]);
  });

  it("go into the new conversation that the server opens in place of an unknown one, and nowhere else", () => {
    const { page } = tab();
    page("lost").keep([said("Hello")]);
    const unsent = page("lost");
    unsent.opened("c");
    unsent.keep([said("Hello")]);
    expect([page("lost").load(), page("c").load()]).toEqual([[], [said("Hello")]]);
  });

  it("of a new conversation that was never opened are dropped if the user begins another one", () => {
    const { page } = tab();
    const unsent = page("");
    unsent.keep([said("Hello")]);
    unsent.leave("");
    expect(unsent.load()).toEqual([]);
  });

  it("are ignored if the text is damaged", () => {
    const message = { text: "Hello", turn_id: "t", to: ["rex"] };
    const broken = [null, {}, { ...message, text: 1 }, { ...message, to: [1] }, { text: "x" }, { ...message, replaces: 0 }];
    const messages = [...broken, message, { ...message, text: "x".repeat(20_000) }];
    expect(tab(JSON.stringify({ c: messages })).page("c").load()).toEqual([{ type: "user_message", data: message }]);
    for (const text of ["{", "null", "[]", '"c"', '{"c":{}}', '{"conversationId":"c","messages":[]}']) {
      const unsent = tab(text).page("c");
      expect(unsent.load()).toEqual([]);
      unsent.keep([said("Hello")]);
      expect(unsent.load()).toEqual([said("Hello")]);
    }
    expect(tab("{}").page("toString").load()).toEqual([]);
  });

  it("are bounded", () => {
    const { items, page } = tab();
    page("c").keep(Array.from({ length: OUTBOX_MAX + 1 }, (_, index) => said(String(index))));
    expect(page("c").load()).toHaveLength(OUTBOX_MAX);
    for (let index = 0; index < 20; index += 1) page(`c${index}`).keep([said("Hello")]);
    expect(Object.keys(JSON.parse(items.get(KEY) ?? "") as object)).toEqual(
      Array.from({ length: 8 }, (_, index) => `c${index + 12}`),
    );
  });

  it("are not kept if the browser forbids storage, or has no room", () => {
    const forbidden = new UnsentMessages("c", () => {
      throw new DOMException("forbidden", "SecurityError");
    });
    forbidden.keep([said("Hello")]);
    forbidden.leave("d");
    expect(forbidden.load()).toEqual([]);
    const full = new UnsentMessages("c", () => ({
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
      removeItem: () => undefined,
    }));
    full.keep([said("Hello")]);
    expect(full.load()).toEqual([]);
  });
});
