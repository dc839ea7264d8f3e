/** Which panel is open. On a touch screen, Back closes it, as in an app. */

import { useEffect, useState } from "preact/hooks";

interface PanelEntry {
  readonly panel: true;
}

/** True if the current entry of the browser's history was added for a panel. */
export function isPanelEntry(): boolean {
  return (history.state as PanelEntry | null)?.panel === true;
}

/** @param isLeaving true if the user has chosen another conversation in the panel: its entry replaces the panel's */
export function usePanel<T extends string>(
  isLeaving: () => boolean,
): [panel: T | null, open: (panel: T) => void, close: () => void] {
  const [panel, setPanel] = useState<T | null>(null);
  useEffect(() => {
    // After a reload, no panel is open.
    if (isPanelEntry()) history.replaceState(null, "");
    const back = () => setPanel(null);
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const open = (next: T) => {
    if (matchMedia("(pointer: coarse)").matches && !isPanelEntry()) {
      history.pushState({ panel: true } satisfies PanelEntry, "");
    }
    setPanel(next);
  };
  const close = () => {
    if (isPanelEntry() && !isLeaving()) history.back();
    setPanel(null);
  };
  return [panel, open, close];
}
