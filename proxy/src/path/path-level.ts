/**
 * Levels of path normalisation: Istio's four, one of our own, and Envoy's single steps, which
 * they are made of. What a level does is data; normalise-path.ts carries it out.
 */
export type PathLevel =
  | "NONE"
  | "BASE"
  | "MERGE_SLASHES"
  | "DECODE_AND_MERGE_SLASHES"
  | "KEEP_ESCAPED_SLASHES"
  | "ENVOY_RFC3986"
  | "ENVOY_MERGE_SLASHES"
  | "ENVOY_STRIP_QUERY_FRAGMENT";

export type PathSteps = {
  /** `%2F` becomes `/`, `%5C` a backslash (which the next step makes a slash). */
  readonly decodesSlashes: boolean;
  /** `%2F` stays, as npm's scopes and GitLab's API need it; elsewhere it is refused or decoded. */
  readonly keepsSlashes: boolean;
  /**
   * Backslashes become slashes, escapes of unreserved characters are decoded, dot segments
   * resolved, a leading slash is added; `%00` is refused. All other escapes stay as they are.
   */
  readonly canonicalises: boolean;
  /** Runs of slashes become one, after dot segments are resolved. */
  readonly mergesSlashes: boolean;
  readonly stripsFragment: boolean;
  readonly stripsQuery: boolean;
};

const NOTHING: PathSteps = {
  decodesSlashes: false,
  keepsSlashes: false,
  canonicalises: false,
  mergesSlashes: false,
  stripsFragment: false,
  stripsQuery: false,
};

export const PATH_LEVELS: { readonly [L in PathLevel]: PathSteps } = {
  NONE: { ...NOTHING, stripsFragment: true },
  BASE: { ...NOTHING, stripsFragment: true, canonicalises: true },
  MERGE_SLASHES: { ...NOTHING, stripsFragment: true, canonicalises: true, mergesSlashes: true },
  DECODE_AND_MERGE_SLASHES: {
    ...NOTHING,
    stripsFragment: true,
    decodesSlashes: true,
    canonicalises: true,
    mergesSlashes: true,
  },
  KEEP_ESCAPED_SLASHES: { ...NOTHING, stripsFragment: true, canonicalises: true, keepsSlashes: true },
  ENVOY_RFC3986: { ...NOTHING, stripsFragment: true, canonicalises: true },
  ENVOY_MERGE_SLASHES: { ...NOTHING, mergesSlashes: true },
  ENVOY_STRIP_QUERY_FRAGMENT: { ...NOTHING, stripsFragment: true, stripsQuery: true },
};
