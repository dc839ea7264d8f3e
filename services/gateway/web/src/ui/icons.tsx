/** The page's icons, drawn in the text colour. */

import type { JSX } from "preact";

const PATHS = {
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11.5a6 6 0 0 0 12 0M12 17.5V21M9 21h6",
  stop: "M7 7h10v10H7z",
  play: "M8 5.5v13l10.5-6.5z",
  send: "M5 12h13M12.5 6 18.5 12l-6 6",
  sound: "M4 9.5v5h3.5L12 18V6L7.5 9.5ZM15.5 9.2a4 4 0 0 1 0 5.6M18 6.8a7.4 7.4 0 0 1 0 10.4",
  muted: "M4 9.5v5h3.5L12 18V6L7.5 9.5ZM15.5 9.5l5 5M20.5 9.5l-5 5",
  people:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM3.5 19c.4-3 2.6-5 5.5-5s5.1 2 5.5 5M16 5.4a3 3 0 0 1 0 5.2M17.5 14.4c1.7.8 2.8 2.4 3 4.6",
  talks: "M5 5h14v10h-8l-4 4v-4H5z",
  sliders: "M5 8h8M17 8h2M5 16h2M11 16h8M15 5.8v4.4M9 13.8v4.4",
  gear:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM10.3 3.2h3.4l.5 2.5 2 1.1 2.4-.8 1.7 3-1.9 1.7v2.6l1.9 1.7-1.7 3-2.4-.8-2 1.1-.5 2.5h-3.4l-.5-2.5-2-1.1-2.4.8-1.7-3 1.9-1.7v-2.6L3.7 9l1.7-3 2.4.8 2-1.1Z",
  inside: "M4 18V6M4 18h16M7 8h5M10 12h6M14 16h4",
  close: "M6 6l12 12M18 6 6 18",
  move: "M4 12h16M7 9l-3 3 3 3M17 9l3 3-3 3",
  leave: "M10 5H5v14h5M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  down: "M12 5v13M6 12.5l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  copy: "M9 9h10v11H9zM6 15H5V4h10v2",
  /** An arrow that turns back to its beginning. */
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 3.5v4h-4",
  previous: "M14.5 6l-6 6 6 6",
  next: "M9.5 6l6 6-6 6",
  pen: "M5 19l1-4L16 5l3 3L9 18l-4 1Z",
  bin: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7",
  /** A way that parts. */
  branch: "M7 4v16M7 14c0-4 10-2 10-8M14 8.5 17 5.5l3 3",
  chevron: "M7 10l5 5 5-5",
  /** A speech bubble that is crossed out. */
  hush: "M8 5h11v10h-2M14 15h-1l-4 4v-4H5V7M4 4l16 16",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
