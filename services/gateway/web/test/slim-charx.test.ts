import { deflateRawSync, inflateRawSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { iconOf, slimCharx } from "../src/cards/slim-charx";

const ICON = "assets/icon/image/0.png";
const card = (assets: unknown) => JSON.stringify({ spec: "chara_card_v3", data: { name: "Mira", assets } });
const TEXT = card([
  { type: "emotion", uri: "embeded://happy.png", name: "happy" },
  { type: "icon", uri: "embeded://side.png", name: "side" },
  { type: "icon", uri: `embeded://${ICON}`, name: "main" },
]);
const MEMBERS: Record<string, string> = { "happy.png": "h".repeat(5_000), "side.png": "s", [ICON]: "the icon", "card.json": TEXT };

/** A ZIP with these members, as RisuAI's: sizes are in the directory only. */
function zip(members: Record<string, string>, method = 8, before = ""): Blob {
  const [parts, entries] = [[] as Buffer[], [] as Buffer[]];
  let at = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 6);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), data);
    entries.push(entry, Buffer.from(name));
    at += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new Blob([before, new Uint8Array(Buffer.concat([...parts, directory, end]))]);
}

/** The members of a ZIP without a comment. */
async function membersOf(file: Blob): Promise<Record<string, string>> {
  const bytes = Buffer.from(await file.arrayBuffer());
  const found: Record<string, string> = {};
  let at = bytes.readUInt32LE(bytes.length - 6);
  for (let left = bytes.readUInt16LE(bytes.length - 12); left > 0; left -= 1) {
    const [length, local] = [bytes.readUInt16LE(at + 28), bytes.readUInt32LE(at + 42)];
    const name = bytes.toString("utf8", at + 46, at + 46 + length);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
    found[name] = (bytes.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data).toString();
    at += 46 + length;
  }
  return found;
}

describe.each([
  ["compressed", 8],
  ["stored", 0],
])("a CHARX file with %s members", (_, method) => {
  it.each(["", "a JPEG"])("keeps the card and its main icon, after %j", async (before) => {
    const slim = await slimCharx(zip(MEMBERS, method, before));
    expect(slim && (await membersOf(slim))).toEqual({ "card.json": TEXT, [ICON]: "the icon" });
  });
});

it("takes another icon if the main one is missing", async () => {
  const { [ICON]: _, ...others } = MEMBERS;
  const slim = await slimCharx(zip(others));
  expect(slim && (await membersOf(slim))).toEqual({ "card.json": TEXT, "side.png": "s" });
});

it.each([[undefined], [3], [[null, 3]], [[{ type: "icon", uri: "https://example.org/a.png", name: "main" }]]])(
  "takes only the card if it names no icon: %j",
  async (assets) => {
    const slim = await slimCharx(zip({ ...MEMBERS, "card.json": card(assets) }));
    expect(slim && Object.keys(await membersOf(slim))).toEqual(["card.json"]);
  },
);

it.each([
  ["no ZIP", new Blob(["x".repeat(100_000)])],
  ["an empty file", new Blob([])],
  ["a ZIP without a card", zip({ "a.json": TEXT })],
  ["another method", zip(MEMBERS, 12)],
  ["a card that is no JSON", zip({ "card.json": "{" })],
  ["a bomb", zip({ "card.json": "0".repeat(5_000_000) })],
])("refuses %s", async (_, file) => {
  expect(await slimCharx(file)).toBeNull();
});

it("refuses or survives damaged files", async () => {
  const bytes = Buffer.from(await zip(MEMBERS).arrayBuffer());
  const damaged = Array.from(bytes, (byte, at) => {
    const changed = new Uint8Array(bytes);
    changed[at] = byte ^ 0xff;
    return slimCharx(new Blob([changed]));
  });
  const outcomes = await Promise.all(damaged);
  expect(outcomes).toContain(null);
  expect(outcomes.filter((slim) => slim !== null).length).toBeGreaterThan(0);
});

describe("the icon of a CHARX file", () => {
  it("is found and unpacked", async () => {
    const found = await Promise.all([zip(MEMBERS), zip(MEMBERS, 0), zip(MEMBERS, 8, "JPEG")].map(iconOf));
    expect(await Promise.all(found.map((icon) => icon?.text()))).toEqual(["the icon", "the icon", "the icon"]);
  });

  it("is null if there is none", async () => {
    expect(await iconOf(zip({ "card.json": card([]) }))).toBeNull();
    expect(await iconOf(zip({ [ICON]: "the icon" }))).toBeNull();
    expect(await iconOf(new Blob(["no archive"]))).toBeNull();
    expect(await iconOf(new Blob([await zip(MEMBERS).slice(0, 60).arrayBuffer()]))).toBeNull();
  });
});
