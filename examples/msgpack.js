// Decodes as much of msgpack as an audio frame uses: a map of strings, numbers and bytes.
export function unpack(data) {
  const view = new DataView(data);
  let at = 0;
  const number = (bytes) => { // big-endian
    let value = 0;
    for (const end = at + bytes; at < end; at++) value = value * 256 + view.getUint8(at);
    return value;
  };
  const bytes = (length) => new Uint8Array(data, (at += length) - length, length);
  const text = (length) => new TextDecoder().decode(bytes(length));
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  function value() {
    const kind = number(1);
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 0x0f);
    if (kind >= 0xa0 && kind < 0xc0) return text(kind & 0x1f);
    if (kind >= 0xc4 && kind <= 0xc6) return bytes(number(1 << (kind - 0xc4)));
    if (kind >= 0xcc && kind <= 0xcf) return number(1 << (kind - 0xcc));
    if (kind >= 0xd9 && kind <= 0xdb) return text(number(1 << (kind - 0xd9)));
    throw new Error(`msgpack: 0x${kind.toString(16)}`);
  }
  return value();
}
