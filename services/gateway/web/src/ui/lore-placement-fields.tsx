/** Where an entry of a lorebook goes in the prompt. Folded: most people leave it as it is. */

import type { JSX } from "preact";
import { useId } from "preact/hooks";

import { MAX_DEPTH, MAX_ORDER, PLACES, type Place, type Placement, USUAL_PLACEMENT, numberIn } from "../lore/placement";
import { formatNumber, texts } from "../texts";
import { FieldProblem } from "./field-problem";

/** The placement with its numbers as they are typed. */
export interface PlacementDraft {
  readonly place: Place;
  readonly depth: string;
  readonly order: string;
}

export function draftOf({ place, depth, order }: Placement): PlacementDraft {
  return { place, depth: String(depth), order: String(order) };
}

/** The placement that was typed; null if a number is wrong. */
export function placementIn({ place, depth, order }: PlacementDraft): Placement | null {
  const ordered = numberIn(order, -MAX_ORDER, MAX_ORDER);
  const messages = numberIn(depth, 0, MAX_DEPTH) ?? (place === "depth" ? null : USUAL_PLACEMENT.depth);
  return ordered === null || messages === null ? null : { place, depth: messages, order: ordered };
}

/** The placement in a few words; "" if it is the usual one. */
export function placementText({ place, depth, order }: Placement): string {
  const parts = [
    place === "before" ? "" : place === "after" ? texts.lorebook.place.after : depthText(depth),
    order === USUAL_PLACEMENT.order ? "" : texts.lorebook.orderValue(formatNumber(order)),
  ];
  return parts.filter(Boolean).join(", ");
}

interface Props {
  readonly draft: PlacementDraft;
  /** Lines of the entry's text say where it goes. */
  readonly isDecorated: boolean;
  /** The user has tried to save: wrong numbers are shown. */
  readonly checked: boolean;
  readonly onChange: (part: Partial<PlacementDraft>) => void;
}

export function LorePlacementFields({ draft, isDecorated, checked, onChange }: Props): JSX.Element {
  const id = useId();
  const depth = numberIn(draft.depth, 0, MAX_DEPTH);
  const order = numberIn(draft.order, -MAX_ORDER, MAX_ORDER);
  const placement = placementIn(draft);
  const isDepthWrong = checked && draft.place === "depth" && depth === null;
  const isOrderWrong = checked && order === null;
  return (
    <details class="field folded">
      <summary>
        {texts.lorebook.placement}
        <span class="detail">{placement && (placementText(placement) || texts.lorebook.placementUsual)}</span>
      </summary>
      <div class="form">
        {isDecorated && <p class="detail">{texts.lorebook.placementInText}</p>}
        <div class="field">
          <label for={`${id}-place`}>{texts.lorebook.placeLabel}</label>
          <select
            id={`${id}-place`}
            value={draft.place}
            onChange={(event) => onChange({ place: event.currentTarget.value as Place })}
          >
            {PLACES.map((place) => (
              <option key={place} value={place}>
                {texts.lorebook.place[place]}
              </option>
            ))}
          </select>
        </div>
        {draft.place === "depth" && (
          <div class="field">
            <label for={`${id}-depth`}>{texts.lorebook.depth}</label>
            <input
              id={`${id}-depth`}
              inputmode="numeric"
              autocomplete="off"
              value={draft.depth}
              aria-invalid={isDepthWrong}
              aria-describedby={`${id}-depth-effect`}
              onInput={(event) => onChange({ depth: event.currentTarget.value })}
            />
            <p class="detail" id={`${id}-depth-effect`}>
              {texts.note.depthEffect}
            </p>
            <FieldProblem text={isDepthWrong ? texts.lorebook.wrongNumber(formatNumber(0), formatNumber(MAX_DEPTH)) : ""} />
          </div>
        )}
        <div class="field">
          <label for={`${id}-order`}>{texts.lorebook.order}</label>
          <input
            id={`${id}-order`}
            autocomplete="off"
            value={draft.order}
            aria-invalid={isOrderWrong}
            aria-describedby={`${id}-order-effect`}
            onInput={(event) => onChange({ order: event.currentTarget.value })}
          />
          <p class="detail" id={`${id}-order-effect`}>
            {texts.lorebook.orderEffect}
          </p>
          <FieldProblem
            text={isOrderWrong ? texts.lorebook.wrongNumber(formatNumber(-MAX_ORDER), formatNumber(MAX_ORDER)) : ""}
          />
        </div>
      </div>
    </details>
  );
}

function depthText(depth: number): string {
  return depth === 0 ? texts.note.depthZero : texts.note.depthValue(depth);
}
