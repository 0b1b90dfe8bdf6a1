/**
 * Kinds of a Rego value as a module numbers them, in Rego's order, and the cells that hosts
 * and compiler write themselves. policy-compiler/runtime/assembly/value/value.ts draws them.
 */
export const ValueKind = { null: 1, boolean: 2, number: 3, string: 4, array: 5, object: 6, set: 7 } as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** {kind, length in bytes, hash (0: not known), address of the bytes}, each of 4 bytes. */
export const StringCell = { kind: 0, length: 4, hash: 8, bytes: 12, size: 16 } as const;
