/**
 * Renders a component again only if one of its properties has changed. Saves work: of hundreds of messages, only the
 * newest changes.
 */

import { Component, type ComponentChild, createElement, type FunctionComponent, type JSX } from "preact";

export function memo<P extends object>(draw: (props: P) => JSX.Element | null): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as P;
      return Object.keys(next).some((name) => next[name as keyof P] !== before[name as keyof P]);
    }

    override render(): ComponentChild {
      return draw(this.props as P);
    }
  }
  return (props: P) => createElement(Memo as never, props as never);
}
