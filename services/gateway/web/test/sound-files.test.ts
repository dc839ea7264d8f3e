import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { receiveSound } from "../src/rest/sound-file";
import { SoundFiles } from "../src/ui/sound-files";

function answer(type: string, ...pieces: Uint8Array<ArrayBuffer>[]): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": type } });
}

describe("a sound file that arrives", () => {
  it("is whole, and each piece is reported", async () => {
    const seen: number[] = [];
    const file = await receiveSound(answer("audio/ogg", new Uint8Array([1, 2]), new Uint8Array([3])), (bytes) => seen.push(bytes));
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([1, 2, 3]);
    expect(file.type).toBe("audio/ogg");
    expect(seen).toEqual([2, 3]);
  });

  it("has its real sizes in the header if it is a WAV", async () => {
    const header = new Uint8Array(44).fill(255);
    const file = await receiveSound(answer("audio/wav", header.slice(0, 10), header.slice(10), new Uint8Array(6)), () => {});
    const view = new DataView(await file.arrayBuffer());
    expect(view.byteLength).toBe(50);
    expect(view.getUint32(4, true)).toBe(42);
    expect(view.getUint32(40, true)).toBe(6);
  });
});

describe("saving a sound file", () => {
  const saved: string[] = [];

  beforeEach(() => {
    saved.length = 0;
    vi.stubGlobal("document", {
      createElement: () => ({
        href: "",
        download: "",
        click() {
          saved.push(this.download);
        },
      }),
    });
    vi.stubGlobal("URL", { createObjectURL: () => "blob:", revokeObjectURL: () => {} });
  });

  afterEach(() => vi.unstubAllGlobals());

  it("shows how much has arrived, then saves the file", async () => {
    const files = new SoundFiles();
    const seen: unknown[] = [];
    files.file.subscribe((file) => seen.push(file && [file.phase, file.bytes]));
    await files.save(
      {
        conversationSound: async (_id, _format, _signal, arrived) => {
          arrived(7);
          return new Blob();
        },
      },
      "c",
      "ogg",
      "tea.ogg",
    );
    expect(seen).toEqual([null, ["making", 0], ["making", 7], null]);
    expect(saved).toEqual(["tea.ogg"]);
  });

  it("makes one file at a time, which can be cancelled", async () => {
    const files = new SoundFiles();
    let begun = 0;
    const api = {
      conversationSound: (_id: string, _format: string, signal: AbortSignal) => {
        begun += 1;
        return new Promise<Blob>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    };
    const first = files.save(api, "c", "ogg", "tea.ogg");
    await files.save(api, "d", "wav", "other.wav");
    expect(begun).toBe(1);
    files.cancel();
    await first;
    expect(files.file.value).toBeNull();
    expect(saved).toEqual([]);
  });

  it("says that nothing was saved if the file breaks off", async () => {
    const files = new SoundFiles();
    await files.save({ conversationSound: () => Promise.reject(new TypeError("network")) }, "c", "ogg", "tea.ogg");
    expect(files.file.value?.phase).toBe("failed");
    expect(files.file.value?.problem).toContain("no file was saved");
    expect(saved).toEqual([]);
  });
});
