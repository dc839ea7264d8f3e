/**
 * Where a popover is shown: above or below its button, wherever there is more space. If it is too high for that, it is
 * beside the button, so that all of its content can be seen. Pure.
 */

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
 * @param height the height of the popover with all of its content
 */
export function popoverPosition(
  button: Pick<DOMRect, "left" | "right" | "top" | "bottom">,
  viewport: { readonly width: number; readonly height: number },
  widest: number,
  align: "start" | "centre",
  height = 0,
): PopoverPosition {
  const width = Math.min(widest, viewport.width - 2 * GAP);
  const wanted = align === "start" ? button.left : (button.left + button.right - width) / 2;
  const left = Math.max(GAP, Math.min(wanted, viewport.width - width - GAP));
  const [spaceAbove, spaceBelow] = [button.top, viewport.height - button.bottom];
  const isAbove = spaceAbove > spaceBelow;
  if (height > Math.max(spaceAbove, spaceBelow) - 2 * GAP) {
    const most = viewport.height - 2 * GAP;
    const top = Math.max(GAP, Math.min(button.top, viewport.height - GAP - height));
    return { left: beside(button, viewport.width, width) ?? left, width, maxHeight: most, top, bottom: null };
  }
  return {
    left,
    width,
    maxHeight: (isAbove ? spaceAbove : spaceBelow) - 2 * GAP,
    top: isAbove ? null : button.bottom + GAP,
    bottom: isAbove ? viewport.height - button.top + GAP : null,
  };
}

/** The left edge of a popover at the right or the left of its button; null if neither side has the space. */
function beside(button: Pick<DOMRect, "left" | "right">, viewportWidth: number, width: number): number | null {
  if (button.right + width + 2 * GAP <= viewportWidth) return button.right + GAP;
  return button.left - width - 2 * GAP >= 0 ? button.left - width - GAP : null;
}
