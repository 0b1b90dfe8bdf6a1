/** The engine's error for a recursion that its stack does not hold: the only RangeError that is no fault of ours. */
export function isStackUsedUp(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}
