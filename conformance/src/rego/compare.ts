/** Comparing what an evaluation gave with what a case wants: as sets of binding objects. */
import type { Fault } from "@regomesh/policy-runtime";
import { canonical, parseExact } from "./exact.ts";

/** What a case of OPA's compliance format wants; `results` is undefined where an error is wanted. */
export type Wanted = {
  readonly results: readonly unknown[] | undefined;
  readonly errorCode: string | undefined;
  readonly error: string | undefined;
  /** Every binding's value is an array, to be compared in any order. */
  readonly sortBindings: boolean;
};

export type Given = Fault | { readonly kind: "results"; readonly text: string };

/** Undefined where the case passes, otherwise what is wrong. */
export function mismatch(given: Given, wanted: Wanted): string | undefined {
  if (wanted.errorCode !== undefined || wanted.error !== undefined) return errorMismatch(given, wanted);
  if (given.kind === "fault") return `unwanted error: ${given.message}`;
  const got = canonicalSet(parseExact(given.text) as readonly unknown[], wanted.sortBindings);
  const want = canonicalSet(wanted.results ?? [], wanted.sortBindings);
  if (got.length === want.length && got.every((text, i) => text === want[i])) return undefined;
  return `got ${given.text}, wanted ${JSON.stringify(wanted.results)}`;
}

function errorMismatch(given: Given, { errorCode, error }: Wanted): string | undefined {
  const name = errorCode ?? error;
  if (given.kind !== "fault") return `got ${given.text}, wanted the error ${name}`;
  if (errorCode !== undefined && given.code !== errorCode) return `got the error ${given.message}, wanted ${errorCode}`;
  // Texts that only name what Go's libraries say are not held to the letter once the code is right.
  if (errorCode === undefined && error !== undefined && !given.message.includes(withoutPlace(error))) {
    return `got the error ${given.message}, wanted ${error}`;
  }
  return undefined;
}

/** OPA's errors begin with the place of the expression; a module's do not know it. */
function withoutPlace(error: string): string {
  return error.replace(/^[^\s:]+\.rego:\d+(:\d+)?: /, "");
}

/** Whether both are the same set of results. */
export function isSameSet(a: readonly unknown[], b: readonly unknown[]): boolean {
  return canonicalSet(a, false).join("\n") === canonicalSet(b, false).join("\n");
}

function canonicalSet(results: readonly unknown[], sortBindings: boolean): readonly string[] {
  const texts = results.map((result) => canonical(sortBindings ? sortedBindings(result) : result));
  return [...new Set(texts)].sort();
}

function sortedBindings(bindings: unknown): unknown {
  if (typeof bindings !== "object" || bindings === null) return bindings;
  return Object.fromEntries(
    Object.entries(bindings).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : value,
    ]),
  );
}
