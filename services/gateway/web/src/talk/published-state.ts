/** The page's state: reduced at once, and shown with the next animation frame. */

import { signal } from "@preact/signals";

import { type PageInput, reduce } from "./page-reducer";
import { EMPTY, type NoticePlace, type PageState } from "./page-state";

export class PublishedState {
  /** The state that the page shows. */
  readonly shown = signal<PageState>(EMPTY);
  #state: PageState = EMPTY;
  #publishing = false;

  /** @param published called after each change of `shown` that an animation frame has made */
  constructor(private readonly published: (state: PageState) => void) {}

  /** The newest state, which the page may not show yet. */
  get current(): PageState {
    return this.#state;
  }

  /** Reduce now, publish with the next animation frame: a hundred tokens a second then cost at most sixty renders. */
  apply(input: PageInput): void {
    this.#state = reduce(this.#state, input);
    if (this.#publishing) return;
    this.#publishing = true;
    const publish = () => {
      this.#publishing = false;
      this.shown.value = this.#state;
      this.published(this.#state);
    };
    if (document.hidden) setTimeout(publish, 100);
    else requestAnimationFrame(publish);
  }

  /** Apply a change that must be shown at once: the next key press on a control continues from the shown value. */
  applyNow(input: PageInput): void {
    this.apply(input);
    this.shown.value = this.#state;
  }

  notify(place: NoticePlace, code: string, text: string, serious = true): void {
    this.apply({ on: "notice", notice: { place, code, text, serious } });
  }
}
