/** Where a popover is shown: above or below its button, wherever there is more space. Pure. */

export interface PopoverPosition {
  /** Distance from the left edge of the viewport. All lengths are in px. */
  readonly left: number;
  readonly width: number;
  readonly maxHeight: number;
  /** Distance from the top edge of the viewport; null if the popover is above its button. */
  readonly top: number | null;
  /** Distance from the bottom edge of the viewport; null if the popover is below its button. */
  readonly bottom: number | null;
}

/** Distance to the button and to the edges of the viewport. */
const GAP = 8;

/**
 * @param button the button's rectangle
 * @param align `start`: the left edges of popover and button are aligned; `centre`: their centres are
 */
export function popoverPosition(
  button: Pick<DOMRect, "left" | "right" | "top" | "bottom">,
  viewport: { readonly width: number; readonly height: number },
  widest: number,
  align: "start" | "centre",
): PopoverPosition {
  const width = Math.min(widest, viewport.width - 2 * GAP);
  const wanted = align === "start" ? button.left : (button.left + button.right - width) / 2;
  const left = Math.max(GAP, Math.min(wanted, viewport.width - width - GAP));
  const [spaceAbove, spaceBelow] = [button.top, viewport.height - button.bottom];
  const isAbove = spaceAbove > spaceBelow;
  return {
    left,
    width,
    maxHeight: (isAbove ? spaceAbove : spaceBelow) - 2 * GAP,
    top: isAbove ? null : button.bottom + GAP,
    bottom: isAbove ? viewport.height - button.top + GAP : null,
  };
}
