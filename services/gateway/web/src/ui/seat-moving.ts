/**
 * Moves a character to another seat: by dragging its portrait, or with the arrow keys after "Move" in its menu. While a
 * character is moved, the others make room; nothing is saved before it is put down.
 */

import { type RefObject, type TargetedKeyboardEvent, type TargetedPointerEvent } from "preact";
import { useRef, useState } from "preact/hooks";

import { moved, nearest } from "../talk/seat-order";
import { texts } from "../texts";
import type { ButtonHandlers } from "./popover";
import type { SeatPosition } from "./seating";

/** A pointer that has moved less than this, in px, presses the portrait. */
const DRAG_PX = 8;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

interface Moving {
  readonly id: string;
  readonly to: number;
  /** The place of the pointer, in rem; null: it is moved with the keys. */
  readonly at: SeatPosition | null;
}

export interface SeatMoving {
  /** The ids in the order in which they are shown. */
  readonly order: readonly string[];
  readonly moving: Moving | null;
  /** For screen readers. */
  readonly announcement: string;
  /** Move this character with the arrow keys. */
  grab(id: string): void;
  handlers(id: string): ButtonHandlers;
}

interface Scene {
  readonly element: RefObject<HTMLElement | null>;
  /** The ids of the characters, in the order of their seats. */
  readonly ids: readonly string[];
  readonly seats: readonly SeatPosition[];
  nameOf(id: string): string;
  onMoved(ids: readonly string[]): void;
}

export function useSeatMoving({ element, ids, seats, nameOf, onMoved }: Scene): SeatMoving {
  const [moving, setMoving] = useState<Moving | null>(null);
  const [announcement, announce] = useState("");
  const pressed = useRef<{ id: string; x: number; y: number } | null>(null);
  const suppressClick = useRef(false);
  const place = (id: string, to: number) => texts.seat.place(nameOf(id), to + 1, ids.length);
  const order = moving && ids.includes(moving.id) ? moved(ids, ids.indexOf(moving.id), moving.to) : ids;

  const moveTo = (id: string, to: number) => {
    setMoving({ id, to, at: null });
    announce(place(id, to));
  };
  const drop = () => {
    if (!moving) return;
    setMoving(null);
    announce(texts.seat.placed(nameOf(moving.id), moving.to + 1, ids.length));
    if (ids.indexOf(moving.id) === moving.to) return;
    onMoved(order);
    // The list is laid out in its new order, which may take the focus away.
    requestAnimationFrame(() => element.current?.querySelector<HTMLElement>(`[data-seat="${moving.id}"] > button`)?.focus());
  };
  const cancel = () => {
    pressed.current = null;
    if (moving) announce(texts.seat.stays(nameOf(moving.id)));
    setMoving(null);
  };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLButtonElement>) => {
    if (!moving) return;
    const step = STEPS[event.key];
    if (step !== undefined) moveTo(moving.id, Math.max(0, Math.min(ids.length - 1, moving.to + step)));
    else if (event.key === "Enter" || event.key === " ") drop();
    else if (event.key === "Escape") cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onPointerDown = (id: string, event: TargetedPointerEvent<HTMLButtonElement>) => {
    suppressClick.current = false;
    if (event.button !== 0 || !event.isPrimary || ids.length < 2) return;
    pressed.current = { id, x: event.clientX, y: event.clientY };
  };
  const onPointerMove = (event: TargetedPointerEvent<HTMLButtonElement>) => {
    const from = pressed.current;
    const box = element.current?.getBoundingClientRect();
    if (!from || !box) return;
    if (!moving?.at) {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < DRAG_PX) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      suppressClick.current = true;
    }
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const at = { x: (event.clientX - box.left) / rem, y: (event.clientY - box.top) / rem };
    setMoving({ id: from.id, to: nearest(seats, at), at });
  };

  return {
    order,
    moving,
    announcement,
    grab: (id) => {
      setMoving({ id, to: ids.indexOf(id), at: null });
      announce(`${place(id, ids.indexOf(id))} ${texts.seat.moving}`);
    },
    handlers: (id) => ({
      onKeyDown,
      onPointerDown: (event) => onPointerDown(id, event),
      onPointerMove,
      onPointerUp: () => {
        pressed.current = null;
        if (moving?.at) drop();
      },
      onPointerCancel: cancel,
      onBlur: () => {
        if (moving && !moving.at) drop();
      },
      onClick: (event) => {
        if (!suppressClick.current) return;
        suppressClick.current = false;
        event.preventDefault();
      },
    }),
  };
}
