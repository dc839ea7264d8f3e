/** The connection to a server that is frozen: a command or an attempt to connect gets no answer. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Link, type LinkListener } from "../src/link/socket";

const SILENCE_MS = 6_000;

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket;
  static count = 0;
  readonly readyState = FakeSocket.OPEN;
  readonly bufferedAmount = 0;
  binaryType = "";
  readonly sent: string[] = [];

  constructor() {
    super();
    FakeSocket.last = this;
    FakeSocket.count += 1;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {}

  receive(type: string, fields: object): void {
    const data = JSON.stringify({ type, ...fields, event_id: "1-0" });
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

const LISTENER: LinkListener = {
  event: () => {},
  audio: () => {},
  state: () => {},
  live: () => {},
  unreadable: () => {},
};
const answer = vi.fn<() => Promise<Response>>();

function liveLink(): Link {
  const link = new Link(() => "ws://test", LISTENER);
  link.connect("a");
  FakeSocket.last.dispatchEvent(new Event("open"));
  FakeSocket.last.receive("conversation_started", { conversation_id: "a", resumed: true });
  return link;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", answer);
  vi.stubGlobal("addEventListener", () => {});
  FakeSocket.count = 0;
  answer.mockReset();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("An attempt to connect", () => {
  const OPEN_MS = 10_000;
  const LONGEST_DELAY_MS = 250;

  it("is given up and repeated if the server does not answer it", async () => {
    const link = new Link(() => "ws://test", LISTENER);
    link.connect("a");
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    expect(link.state.phase).toBe("waiting");
    await vi.advanceTimersByTimeAsync(LONGEST_DELAY_MS);
    expect([link.state.phase, FakeSocket.count]).toEqual(["connecting", 2]);
  });

  it("is repeated at once if the user asks for it", () => {
    const link = new Link(() => "ws://test", LISTENER);
    link.connect("a");
    link.retryNow();
    expect([link.state.phase, FakeSocket.count]).toEqual(["connecting", 2]);
  });

  it("has no limit of time after it has succeeded", async () => {
    const link = liveLink();
    await vi.advanceTimersByTimeAsync(3 * OPEN_MS);
    expect([link.state.phase, FakeSocket.count]).toEqual(["live", 1]);
  });
});

describe("A command without an answer", () => {
  it("ends the connection if the server does not answer a question either", async () => {
    answer.mockRejectedValue(new DOMException("", "TimeoutError"));
    const link = liveLink();
    expect(link.send({ type: "interrupt" })).toBe(true);
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(answer).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer).toHaveBeenCalledTimes(1);
    expect(link.state.phase).toBe("waiting");
    expect(link.send({ type: "interrupt" })).toBe(false);
  });

  it("changes nothing if the server is only slow", async () => {
    answer.mockResolvedValue(new Response("{}"));
    const link = liveLink();
    link.send({ type: "interrupt" });
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    expect(answer).toHaveBeenCalledTimes(1);
    expect(link.state.phase).toBe("live");
    expect(FakeSocket.count).toBe(1);
  });

  it("is no reason to ask if any frame comes meanwhile", async () => {
    const link = liveLink();
    link.send({ type: "interrupt" });
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    FakeSocket.last.receive("interrupted", { cause: "request" });
    await vi.advanceTimersByTimeAsync(2 * SILENCE_MS);
    expect(answer).not.toHaveBeenCalled();
  });

  it("is usual for a receipt", async () => {
    const link = liveLink();
    const receipt = { message_id: "m", sentence_index: 0, chunk_index: 0, played_ms: 1, next_samples: 0, gaps: 0, gap_ms: 0 };
    link.send({ type: "playback", data: receipt });
    await vi.advanceTimersByTimeAsync(2 * SILENCE_MS);
    expect(answer).not.toHaveBeenCalled();
  });
});
