import { describe, expect, it } from "vitest";

import { InterruptRequest } from "../src/talk/interrupt-request";
import { type ServerEvent, parseEvent } from "../src/wire/events";

const event = (type: string, fields: Record<string, unknown> = {}) =>
  parseEvent(JSON.stringify({ type, ...fields })) as ServerEvent;
const RESUMED = event("warning", { code: "writes_resumed", message: "on" });

class Connection {
  up = true;
  sent = 0;
  readonly interrupt = new InterruptRequest(() => {
    if (this.up) this.sent += 1;
    return this.up;
  });
}

describe("InterruptRequest", () => {
  it("sends at once while connected, and not again after a reconnect", () => {
    const connection = new Connection();
    connection.interrupt.request();
    connection.interrupt.onLive();
    expect(connection.sent).toBe(1);
  });

  it("sends after the reconnect if the user interrupted while disconnected", () => {
    const connection = new Connection();
    connection.up = false;
    connection.interrupt.request();
    connection.up = true;
    connection.interrupt.onLive();
    connection.interrupt.onLive();
    expect(connection.sent).toBe(1);
  });

  it("sends again when writes resume, unless the interrupt was confirmed", () => {
    const connection = new Connection();
    connection.interrupt.request();
    connection.interrupt.onEvent(RESUMED);
    expect(connection.sent).toBe(2);
    connection.interrupt.onEvent(event("interrupted"));
    connection.interrupt.onEvent(RESUMED);
    expect(connection.sent).toBe(2);
  });

  it.each([event("turn_accepted", { turn_id: "t", text: "x" }), event("interrupted")])(
    "is settled by $type",
    (settling) => {
      const connection = new Connection();
      connection.interrupt.request();
      connection.interrupt.onEvent(settling);
      connection.interrupt.onEvent(RESUMED);
      expect(connection.sent).toBe(1);
    },
  );
});
