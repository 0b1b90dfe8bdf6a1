/** What a decision leaves for each entrypoint asked: {state u32, value u32, steps used u64}. */
export const Answer = { state: 0, value: 4, steps: 8, size: 16 } as const;

/** `running` stays where an abort cut the entrypoint off; `value` is any but a boolean. */
export const AnswerState = { undefined: 1, true: 2, false: 3, value: 4, running: 5 } as const;
export type AnswerState = (typeof AnswerState)[keyof typeof AnswerState];

/** A mask is one word of 32 bits without its sign. */
export const ENTRYPOINTS_MAX = 31;
/** Bytes of a request's id that a policy may see. */
export const REQUEST_ID_BYTES_MAX = 128;

/** Steps that an answer says, `at` being its address: 64 bits, of which a double holds all that fuel allows. */
export function stepsAt(words: Int32Array, at: number): number {
  const low = (at + Answer.steps) >> 2;
  return (words[low]! >>> 0) + words[low + 1]! * 2 ** 32;
}
