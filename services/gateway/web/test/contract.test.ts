/** Checks that the page's event shapes match the server's event classes and the recorded entries. */

import { readFileSync, readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { EVENT_TYPES, type EventType, parseEvent } from "../src/wire/events";

const REPOSITORY = new URL("../../../../", import.meta.url);
const RECORDED = new URL("tests/contract/recorded/", REPOSITORY);

/** Events that the gateway makes for one connection, and that have no class in shared/events.py. */
const MADE_BY_THE_GATEWAY: readonly EventType[] = ["model_settings"];
/** Event types of the server that the page ignores on purpose, each with the reason. */
const IGNORED_TYPES: Readonly<Record<string, string>> = {
  turn_confirmed: "only gateways read it: it says that a held turn is certain",
};
/** Recorded entries of the `events` stream that the gateway never sends to a client, each with the reason. */
const NEVER_SENT: Readonly<Record<string, string>> = {
  client_changed: "gateways write and read it to know the conversation's newest connection",
};
/** Recorded fields that the page ignores on purpose, each with the reason. */
const IGNORED_FIELDS: Readonly<Record<string, string>> = {
  "turn_accepted.tentative": "the gateway removes it: clients get a turn only when it is certain",
  "message_complete.usage": "the page shows the sums of the turn and of the conversation, from `turn_metrics`",
};

interface RecordedEvent {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}

function read(version: string): RecordedEvent[] {
  return JSON.parse(readFileSync(new URL(`${version}/events.json`, RECORDED), "utf8")) as RecordedEvent[];
}

/** The names in `type: ClassVar[str] = "…"`, one for each event class of the server. */
function typesOfTheServer(): string[] {
  const source = readFileSync(new URL("shared/src/tertulia_shared/events.py", REPOSITORY), "utf8");
  return Array.from(source.matchAll(/^ {4}type: ClassVar\[str\] = "(\w+)"$/gmu), ([, type]) => type ?? "");
}

describe("the page's event types", () => {
  it("include every event class of the server", () => {
    const missing = typesOfTheServer().filter(
      (type) => !(EVENT_TYPES as readonly string[]).includes(type) && !(type in IGNORED_TYPES),
    );
    expect(missing).toEqual([]);
  });

  it("include no event that the server does not send", () => {
    const server = typesOfTheServer();
    expect(server.length).toBeGreaterThan(20);
    expect(EVENT_TYPES.filter((type) => !server.includes(type))).toEqual(MADE_BY_THE_GATEWAY);
  });
});

describe.each(readdirSync(RECORDED))("recorded events of format %s", (version) => {
  const events = read(version).map(({ id, fields, values }) => ({ id, type: String(fields["type"]), values }));
  const sent = events.filter(({ type }) => !(type in NEVER_SENT) && !(type in IGNORED_TYPES));

  it.each(sent)("can be parsed: $type $id", ({ id, type, values }) => {
    const parsed = parseEvent(JSON.stringify({ type, ...values, event_id: id }));
    expect(parsed).toMatchObject({ type, eventId: id });
    const unread = Object.keys(values).filter(
      (name) => !(parsed && name in parsed) && !(`${type}.${name}` in IGNORED_FIELDS),
    );
    expect(unread).toEqual([]);
  });
});
