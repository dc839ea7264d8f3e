/**
 * Makes a small CHARX file of a large one: a ZIP with only the card and its icon. The server takes neither more nor
 * larger files, and a card with many pictures has hundreds of megabytes. Only the parts that are needed are read.
 */

const CARD = "card.json";
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const MAX_DIRECTORY_BYTES = 4_194_304;
const MAX_CARD_BYTES = 4_194_304;
const MAX_ICON_BYTES = 16_777_216;
const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;
const [LOCAL, ENTRY, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const SCHEMES = /^(?:embeded:\/\/|embedded:\/\/|__asset:)/;

/** A member of the ZIP: its entry in the directory, and where it is in the file. */
interface Member {
  readonly entry: Uint8Array<ArrayBuffer>;
  readonly at: number;
  readonly method: number;
  readonly packed: number;
}

/** A ZIP with the card and its icon; null if the file is no ZIP with a card, or one that is not understood here. */
export async function slimCharx(file: Blob): Promise<Blob | null> {
  return understood(async () => {
    const found = await foundIn(file);
    return found && zipOf(file, found.icon ? [found.card, found.icon] : [found.card]);
  });
}

/** The icon of the card in a CHARX file; null if it has none, or the file is not understood here. */
export async function iconOf(file: Blob): Promise<Blob | null> {
  return understood(async () => {
    const icon = (await foundIn(file))?.icon;
    return icon ? unpacked(file, icon, MAX_ICON_BYTES) : null;
  });
}

/** Null for damaged files: a number points outside of them, or their data are damaged; browsers differ in the errors. */
async function understood(read: () => Promise<Blob | null>): Promise<Blob | null> {
  return read().catch(() => null);
}

/** The card of a CHARX file, and its icon if it has one; null if the file has no card. */
async function foundIn(file: Blob): Promise<{ card: Member; icon: Member | undefined } | null> {
  const members = await directoryOf(file);
  const card = members?.get(CARD);
  if (!members || !card) return null;
  const text = await (await unpacked(file, card, MAX_CARD_BYTES))?.text();
  if (text === undefined) return null;
  const icon = iconsOf(JSON.parse(text))
    .map((name) => members.get(name))
    .find((member) => member !== undefined);
  return { card, icon };
}

async function directoryOf(file: Blob): Promise<Map<string, Member> | null> {
  const tail = await viewOf(file, Math.max(0, file.size - END_BYTES - MAX_COMMENT), file.size);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return null;
  const size = tail.getUint32(end + 12, true);
  const start = file.size - tail.byteLength + end - size;
  if (size > MAX_DIRECTORY_BYTES || start < 0) return null;
  // What precedes the ZIP, such as a JPEG, does not count in its offsets.
  const before = start - tail.getUint32(end + 16, true);
  const directory = await viewOf(file, start, start + size);
  const members = new Map<string, Member>();
  for (let at = 0; at + ENTRY_BYTES <= size && directory.getUint32(at, true) === ENTRY; ) {
    const length = directory.getUint16(at + 28, true);
    const all = ENTRY_BYTES + length + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    const entry = new Uint8Array(directory.buffer, at, all);
    members.set(new TextDecoder().decode(entry.subarray(ENTRY_BYTES, ENTRY_BYTES + length)), {
      entry,
      at: before + directory.getUint32(at + 42, true),
      method: directory.getUint16(at + 10, true),
      packed: directory.getUint32(at + 20, true),
    });
    at += all;
  }
  return members;
}

/** The content of a member; null if it has more than `most` bytes, or is not compressed by Deflate. */
async function unpacked(file: Blob, member: Member, most: number): Promise<Blob | null> {
  if (member.packed > most) return null;
  const content = file.slice(await contentStart(file, member), await endOf(file, member));
  if (member.method === 0) return content;
  if (member.method !== 8) return null;
  const stream = content.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return gathered(stream.getReader(), [], most);
}

/** All that the reader has; null if that is more than `room` bytes. */
async function gathered(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  parts: Uint8Array<ArrayBuffer>[],
  room: number,
): Promise<Blob | null> {
  const { done, value } = await reader.read();
  if (done) return new Blob(parts);
  if (value.byteLength > room) {
    await reader.cancel();
    return null;
  }
  parts.push(value);
  return gathered(reader, parts, room - value.byteLength);
}

/** The names of the members that are the card's icons, the main one first. */
function iconsOf(card: unknown): string[] {
  const assets = fieldsOf(fieldsOf(card)["data"])["assets"];
  const icons = (Array.isArray(assets) ? assets : []).map(fieldsOf).filter((asset) => asset["type"] === "icon");
  return [...icons.filter(({ name }) => name === "main"), ...icons.filter(({ name }) => name !== "main")].flatMap(
    ({ uri }) => (typeof uri === "string" && SCHEMES.test(uri) ? [uri.replace(SCHEMES, "")] : []),
  );
}

async function zipOf(file: Blob, members: readonly Member[]): Promise<Blob> {
  const contents = await Promise.all(members.map(async (member) => file.slice(member.at, await endOf(file, member))));
  let at = 0;
  const entries = members.map((member, index) => {
    const entry = member.entry.slice();
    new DataView(entry.buffer).setUint32(42, at, true);
    at += contents[index]?.size ?? 0;
    return entry;
  });
  const end = new DataView(new ArrayBuffer(END_BYTES));
  end.setUint32(0, END, true);
  end.setUint16(8, members.length, true);
  end.setUint16(10, members.length, true);
  end.setUint32(12, entries.reduce((sum, { byteLength }) => sum + byteLength, 0), true);
  end.setUint32(16, at, true);
  return new Blob([...contents, ...entries, end]);
}

async function contentStart(file: Blob, { at }: Member): Promise<number> {
  const local = await viewOf(file, at, at + LOCAL_BYTES);
  if (local.getUint32(0, true) !== LOCAL) throw new RangeError("no member begins here");
  return at + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
}

async function endOf(file: Blob, member: Member): Promise<number> {
  return (await contentStart(file, member)) + member.packed;
}

async function viewOf(file: Blob, from: number, to: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await file.slice(from, to).arrayBuffer());
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
