/** The size of the scene, measured before the first paint and whenever it changes. */

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

import type { Room } from "./seating";

/** Smaller changes move no character. */
const STEP_REM = 0.5;
const TYPICAL: Room = { width: 36, height: 33 };

export function useSize(element: RefObject<HTMLElement | null>): Room {
  const [size, setSize] = useState(TYPICAL);
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return undefined;
    const measure = () => {
      const { clientWidth, clientHeight } = box;
      const now = { width: inSteps(clientWidth), height: inSteps(clientHeight) };
      setSize((before) => (before.width === now.width && before.height === now.height ? before : now));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** A length in rem, rounded down, so that what fits in it also fits in the scene. */
function inSteps(px: number): number {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.floor(px / rem / STEP_REM) * STEP_REM;
}
