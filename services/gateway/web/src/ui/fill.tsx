import { Fragment, type ComponentChildren, type JSX, toChildArray } from "preact";

/**
 * A text with elements in it, such as a name in `<bdi>`. Each parameter of `text` stands for one child, so that a
 * translation can put them in another order.
 */
export function Fill({
  text,
  children,
}: {
  text: (...marks: string[]) => string;
  children: ComponentChildren;
}): JSX.Element {
  const elements = toChildArray(children);
  const pieces = text(...elements.map((_, index) => `${MARK}${index}${MARK}`)).split(MARK);
  return (
    <>
      {pieces.map((piece, index) => (index % 2 === 0 ? piece : <Fragment key={piece}>{elements[Number(piece)]}</Fragment>))}
    </>
  );
}

/** Encloses the number of an element. */
const MARK = "\0";
