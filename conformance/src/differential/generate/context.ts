/** What a term or body may speak of at the place where it is drawn. */
import type { Kind, Shape } from "./documents.ts";
import type { Draw } from "./draw.ts";

/** A rule drawn before: only those are asked, so that nothing is recursive. */
export type DrawnRule = { readonly ref: string; readonly kind: Kind };
export type DrawnFunction = { readonly name: string; readonly args: readonly Kind[]; readonly gives: Kind };
export type Local = { readonly name: string; readonly kind: Kind };
export type Scope = readonly Local[];

export type Context = {
  readonly draw: Draw;
  readonly input: Shape;
  /** Of `data.d`. */
  readonly data: Shape;
  readonly rules: readonly DrawnRule[];
  readonly functions: readonly DrawnFunction[];
  readonly names: { next: number };
  /** Terms and bodies contain each other: joined here, because their files must not import in a circle. */
  readonly makeBody: (context: Context, scope: Scope, depth: number) => DrawnBody;
};

/** Lines, and what they bind. */
export type DrawnBody = { readonly lines: readonly string[]; readonly scope: Scope };

export function freshName(context: Context): string {
  return `v${context.names.next++}`;
}
