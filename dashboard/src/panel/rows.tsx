/** Name and value, a row each. */
import type { ComponentChildren } from "preact";

export function Rows({ children }: { readonly children: ComponentChildren }) {
  return <dl class="rows">{children}</dl>;
}

export function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
