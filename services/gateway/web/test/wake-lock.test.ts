import { describe, expect, it } from "vitest";

import { WakeLock } from "../src/talk/wake-lock";

class Sentinel extends EventTarget {
  released = false;

  async release(): Promise<void> {
    this.released = true;
    this.dispatchEvent(new Event("release"));
  }
}

class Page extends EventTarget {
  hidden = false;
  readonly locks: Sentinel[] = [];
  refuses = false;

  /** The locks that are held. */
  get held(): number {
    return this.locks.filter((lock) => !lock.released).length;
  }

  async request(): Promise<WakeLockSentinel> {
    if (this.refuses || this.hidden) throw new DOMException("no", "NotAllowedError");
    const lock = new Sentinel();
    this.locks.push(lock);
    return lock as unknown as WakeLockSentinel;
  }

  /** Hide the page, as the browser does, which releases the locks; or show it. */
  async show(shown: boolean): Promise<void> {
    this.hidden = !shown;
    if (!shown) await Promise.all(this.locks.map((lock) => lock.release()));
    this.dispatchEvent(new Event("visibilitychange"));
    await settled();
  }
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

async function wanting(page: Page, ...wants: readonly boolean[]): Promise<WakeLock> {
  const lock = new WakeLock(page, page as unknown as Document);
  for (const wanted of wants) lock.want(wanted);
  await settled();
  return lock;
}

describe("the wake lock", () => {
  it("is held once while it is wanted, and released afterwards", async () => {
    const page = new Page();
    const lock = await wanting(page, true, true);
    expect([page.held, page.locks.length]).toEqual([1, 1]);
    lock.want(false);
    await settled();
    expect(page.held).toBe(0);
  });

  it("is acquired again when the page is shown", async () => {
    const page = new Page();
    await wanting(page, true);
    await page.show(false);
    expect(page.held).toBe(0);
    await page.show(true);
    expect(page.held).toBe(1);
  });

  it("is not acquired when the page is shown again after it was no longer wanted", async () => {
    const page = new Page();
    const lock = await wanting(page, true);
    await page.show(false);
    lock.want(false);
    await page.show(true);
    expect(page.held).toBe(0);
  });

  it("is released if it is no longer wanted when the browser grants it", async () => {
    const page = new Page();
    await wanting(page, true, false);
    expect([page.held, page.locks.length]).toEqual([0, 1]);
  });

  it("is held once if it is wanted again while the browser grants the first request", async () => {
    const page = new Page();
    await wanting(page, true, false, true);
    expect(page.held).toBe(1);
  });

  it("may be refused, and is asked for again when the page is shown", async () => {
    const page = new Page();
    page.refuses = true;
    await wanting(page, true);
    expect(page.held).toBe(0);
    page.refuses = false;
    await page.show(true);
    expect(page.held).toBe(1);
  });

  it("may be missing in the browser", async () => {
    const page = new Page();
    const lock = new WakeLock(undefined, page as unknown as Document);
    lock.want(true);
    await page.show(true);
    lock.want(false);
    expect(page.held).toBe(0);
  });
});
