/** What the parser takes at most, so that no text can exhaust stack, time or memory. */

/** UTF-16 code units a source may have: generated policies of 100,000 rules stay below. */
export const SOURCE_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * How deep terms, bodies and operator chains may nest. Later stages recurse over the tree, so
 * this also bounds their stack; hand-written policies stay below 30.
 */
export const NESTING_MAX = 256;

/** Nodes between the root of a rule and its deepest leaf: a level of nesting is up to four of them. */
export const TREE_DEPTH_MAX = 1024;

/** Links of an `else` chain; stages walk them one by one, but the tree nests them. */
export const ELSE_LINKS_MAX = 256;

/** Diagnostics kept of one source: OPA stops at 10. */
export const DIAGNOSTICS_MAX = 20;
