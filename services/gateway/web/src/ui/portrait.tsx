import type { JSX } from "preact";

/**
 * A character's picture, or the first letter of the name. Only inline pictures are shown: a request for a URL would
 * reveal the user to another server.
 */
export function Portrait({ name, image }: { name: string; image: string }): JSX.Element {
  return (
    <span class="portrait" aria-hidden="true">
      {image.startsWith("data:image/") ? (
        <img src={image} alt="" draggable={false} />
      ) : (
        <span class="initial">{Array.from(name)[0] ?? "?"}</span>
      )}
    </span>
  );
}
