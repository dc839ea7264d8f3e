/**
 * A button that opens a small panel beside it. A native popover, so that a click outside or Esc closes it, and the
 * focus returns to the button.
 */

import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { popoverPosition } from "./popover-position";

interface Props {
  readonly class: string;
  /** The content of the button. */
  readonly button: ComponentChildren;
  readonly title?: string;
  /** The accessible name of the button; without it, its content. */
  readonly buttonLabel?: string;
  /** The accessible name of the panel. */
  readonly label: string;
  /** Maximum width of the panel, in rem. */
  readonly widest: number;
  readonly align: "start" | "centre";
  /** Further event handlers of the button. */
  readonly handlers?: ButtonHandlers;
  /** Render the content only while the panel is open. */
  readonly lazy?: boolean;
  /** The content of the panel. `close` closes it. */
  readonly children: (close: () => void) => ComponentChildren;
}

export type ButtonHandlers = Pick<
  JSX.IntrinsicElements["button"],
  "onClick" | "onKeyDown" | "onBlur" | "onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerCancel"
>;

export function Popover({ button, title, label, widest, align, handlers, buttonLabel, lazy, children, ...rest }: Props): JSX.Element {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const place = () => {
    if (opener.current && panel.current) placeAt(panel.current, opener.current, widest, align);
  };
  useLayoutEffect(() => {
    if (!open) return undefined;
    place(); // again, now with the content
    addEventListener("resize", place);
    const grown = new ResizeObserver(place); // the content may become longer
    if (panel.current) grown.observe(panel.current);
    return () => {
      removeEventListener("resize", place);
      grown.disconnect();
    };
  }, [open]);
  return (
    <>
      <button ref={opener} type="button" class={rest.class} title={title} aria-label={buttonLabel} popovertarget={id} {...handlers}>
        {button}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        class="popover"
        role="group"
        aria-label={label}
        onBeforeToggle={(event) => {
          if (event.newState === "closed") return; // the content stays until the focus has returned to the button
          place();
          setOpen(true);
        }}
        onToggle={(event) => setOpen(event.newState === "open")}
      >
        {(open || !lazy) && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}

function placeAt(panel: HTMLElement, opener: HTMLElement, widest: number, align: Props["align"]): void {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const viewport = { width: document.documentElement.clientWidth, height: innerHeight };
  const button = opener.getBoundingClientRect();
  panel.style.width = px(popoverPosition(button, viewport, widest * rem, align).width);
  const at = popoverPosition(button, viewport, widest * rem, align, heightOf(panel));
  panel.style.inset = `${px(at.top)} auto ${px(at.bottom)} ${px(at.left)}`;
  panel.style.maxHeight = px(at.maxHeight);
}

/** The height with all of the content. Also of a panel that is not shown yet: it is laid out, but not painted. */
function heightOf(panel: HTMLElement): number {
  const { style } = panel;
  style.maxHeight = "none";
  style.display = "block";
  const height = panel.offsetHeight;
  style.display = "";
  return height;
}

function px(length: number | null): string {
  return length === null ? "auto" : `${length}px`;
}

/** True while a dialog or a popover is open, which Esc closes. */
export function isOverlayOpen(): boolean {
  return document.querySelector("dialog[open], [popover]:popover-open") !== null;
}
