/**
 * The language a module is written in. Rego v1 is what OPA reads since its 1.0; v0 is what it read before,
 * and still does where told so: there `if`, `contains`, `in` and `every` are names until an import makes
 * them keywords, `p[x] { … }` is a set, and deprecated built-ins, imports that repeat, and names that hide
 * `input` and `data` are no faults. `import rego.v1` holds a v0 module to v1's rules.
 * v2 is v1 with what `import rego.v2` brings: `and`, `or` and the better `not`.
 */
import type { Source } from "@regomesh/base";
import { KEYWORDS } from "./token.ts";

export type RegoVersion = "v0" | "v1" | "v2";

/** What a text may use of the language, in the words of OPA's capabilities. */
export type Language = {
  /** Those of `future.keywords` that may be imported. */
  readonly keywords: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
};

/** A module's or query's text; v1, and all that there is, unless it says otherwise. */
export type RegoSource = Source & { readonly version?: RegoVersion; readonly language?: Language | undefined };

/** Words that v0 knows as keywords only where they are imported; `contains` is a keyword in rule heads alone. */
export const FUTURE_WORDS = ["contains", "every", "if", "in"] as const;

const V0_KEYWORDS: ReadonlySet<string> = KEYWORDS.difference(new Set<string>(FUTURE_WORDS));

/** The keywords that a text begins with. */
export function keywordsOf(version: RegoVersion): ReadonlySet<string> {
  return version === "v0" ? V0_KEYWORDS : KEYWORDS;
}
