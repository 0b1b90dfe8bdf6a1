/**
 * Indexes that emit lays out in memory: of a set's rules, asked where the set stands; and of collections of the data, made
 * once when data is loaded.
 */

/** `key` is a place in the set's keys, `rules` are places in its rules in their order. Each rule that could hold, or fail, is in the list that the node leads to. */
export type IndexNode =
  | { readonly kind: "list"; readonly rules: readonly number[] }
  | {
      readonly kind: "equal";
      readonly key: number;
      /** By the text of a constant, JSON. */
      readonly cases: readonly (readonly [text: string, then: IndexNode])[];
      readonly otherwise: IndexNode;
    }
  | {
      readonly kind: "prefix" | "suffix";
      readonly key: number;
      /** By the longest of the strings that the key begins or ends with. */
      readonly cases: readonly (readonly [string: string, then: IndexNode])[];
      readonly otherwise: IndexNode;
      readonly noString: IndexNode;
    };

/** An index of the collections at a path of the data. */
export type DataIndex = {
  /** Where the data begin that the policy's functions are given: a unit's part, or all. */
  readonly root: readonly string[];
  /** From there to the collections; undefined stands for every member. */
  readonly path: readonly (string | undefined)[];
  /** From a member to what else the levels ask about: with several ways there, one of them must do. Empty: the member itself. */
  readonly witness: readonly WitnessStep[];
  readonly levels: readonly IndexLevel[];
  /** The position of an array's member is read: arrays are left as they are. */
  readonly keepsArrays: boolean;
};

/** Its part of this name; each of its members; what stands under it in the data at a path. */
export type WitnessStep =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "each" }
  | { readonly kind: "data"; readonly path: readonly string[] };

/**
 * What must hold of the key and a part of the member, or of the witness:
 *   equal     they are equal
 *   member    the part has the key as a member
 *   count     both have as many members
 *   segments  each element of the part is one of `constants`, or equal to the key's element in its place
 */
export type IndexLevel = {
  readonly test: "equal" | "member" | "count" | "segments";
  readonly of: "member" | "witness";
  /** Names that lead to the part. */
  readonly part: readonly string[];
  /** Place in the op's keys. */
  readonly key: number;
  readonly constants: readonly string[];
};
