import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { MessageDeletions, UNDO_MS } from "../src/talk/message-deletions";

function begun() {
  const sent: string[] = [];
  const state = { busy: false, waiting: [] as readonly string[] };
  const deletions = new MessageDeletions({
    waiting: (ids) => (state.waiting = ids),
    send: (id) => sent.push(id),
    isBusy: () => state.busy,
  });
  return { deletions, sent, state };
}

describe("the deletion of a message", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is sent when it can no longer be undone", () => {
    const { deletions, sent, state } = begun();
    deletions.begin("a");
    vi.advanceTimersByTime(UNDO_MS - 1);
    deletions.begin("b");
    expect([sent, state.waiting]).toEqual([[], ["a", "b"]]);
    vi.advanceTimersByTime(1);
    expect([sent, state.waiting]).toEqual([["a"], ["b"]]);
  });

  it("is not sent if the user undoes it", () => {
    const { deletions, sent, state } = begun();
    deletions.begin("a");
    deletions.undo("a");
    vi.advanceTimersByTime(UNDO_MS);
    deletions.sendAll();
    expect([sent, state.waiting]).toEqual([[], []]);
  });

  it("waits for the end of the replies, and can be undone until then", () => {
    const { deletions, sent, state } = begun();
    state.busy = true;
    deletions.begin("a");
    deletions.begin("b");
    vi.advanceTimersByTime(UNDO_MS);
    expect([sent, state.waiting]).toEqual([[], ["a", "b"]]);
    deletions.undo("b");
    deletions.quiet();
    expect([sent, state.waiting]).toEqual([["a"], []]);
  });

  it("is sent at once if the user says something", () => {
    const { deletions, sent, state } = begun();
    state.busy = true;
    deletions.begin("a");
    deletions.quiet();
    expect(sent).toEqual([]);
    deletions.sendAll();
    vi.advanceTimersByTime(UNDO_MS);
    expect(sent).toEqual(["a"]);
  });
});
