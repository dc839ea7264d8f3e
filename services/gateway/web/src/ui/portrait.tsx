import type { JSX } from "preact";

/**
 * A character's picture, or the first letter of the name on its colour. Only inline pictures are shown: an address
 * would tell its server who looks at it.
 */
export function Portrait({ name, image }: { name: string; image: string }): JSX.Element {
  return (
    <span class="portrait" aria-hidden="true">
      {image.startsWith("data:image/") ? <img src={image} alt="" draggable={false} /> : <span class="initial">{Array.from(name)[0] ?? "?"}</span>}
    </span>
  );
}
