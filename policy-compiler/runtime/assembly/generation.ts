/**
 * What is kept of an evaluation (values of rules, answers of functions, slots of the input) is kept for one
 * generation, which stands beside it. policy.ts makes them; emitted code compares and stores them.
 */

/** The current generation. */
export let memoGeneration: u32 = 0;
/** The generation that the evaluation began with: what a rule that fired writes to its mark. */
export let runGeneration: u32 = 0;

// @ts-ignore: decorator
@inline
export function enterGeneration(generation: u32): void {
  memoGeneration = generation;
}

// @ts-ignore: decorator
@inline
export function startRun(generation: u32): void {
  memoGeneration = generation;
  runGeneration = generation;
}
