/** What the parser takes at most, so that no text can exhaust stack, time or memory. */

/** UTF-16 code units a source may have: generated policies of 100,000 rules stay below. */
export const SOURCE_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * How deep terms, bodies and brackets may nest: as deep as OPA's parser takes anything. It ends at
 * 100,000 calls of its own: 49,765 arrays or sets inside one another, 33,125 objects, 12,343
 * parentheses, 10,952 references, 9,843 calls. Later stages recurse over the tree, so this also
 * bounds their stack (shell/stack.ts); hand-written policies stay below 30, generated literals
 * below 1,000.
 */
export const NESTING_MAX = 50_000;

/** Nodes between the root of a rule and its deepest leaf: an operator chain is as deep as it is long. */
export const TREE_DEPTH_MAX = 55_000;

/** How deep comprehensions, `every`, `not { … }` and template strings may nest: each is a body that is analyzed with those around it. */
export const CLOSURES_MAX = 200;

/**
 * Expressions of a body, operands of `and` or `or`, modifiers of an expression, variables of `some`, parts of a template
 * string, bodies of one head: each is a kilobyte of tree, and no level of nesting.
 */
export const PARTS_MAX = 50_000;

/** Links of an `else` chain; stages walk them one by one. OPA does not get through so many in a minute and a half. */
export const ELSE_LINKS_MAX = 20_000;

/** Segments of a package's name and of a rule's head: documents are assembled level by level. */
export const NAME_SEGMENTS_MAX = 256;

/** Diagnostics kept of one source: OPA stops at 10. */
export const DIAGNOSTICS_MAX = 20;
