/** The functions that the host brings: built-ins by number, and printing. */

@external("env", "opa_println")
declare function opa_println(text: usize): void;

@external("env", "opa_builtin0")
declare function opa_builtin0(id: i32, ctx: usize): usize;

@external("env", "opa_builtin1")
declare function opa_builtin1(id: i32, ctx: usize, a: usize): usize;

@external("env", "opa_builtin2")
declare function opa_builtin2(id: i32, ctx: usize, a: usize, b: usize): usize;

@external("env", "opa_builtin3")
declare function opa_builtin3(id: i32, ctx: usize, a: usize, b: usize, c: usize): usize;

@external("env", "opa_builtin4")
declare function opa_builtin4(id: i32, ctx: usize, a: usize, b: usize, c: usize, d: usize): usize;

/** Not the number of a built-in: whether an evaluation may go on that has used up so many slices of its fuel. */
const MAY_GO_ON: i32 = -1;

/** `thousands`: of units that it may take in all. */
export function mayGoOn(slices: i32, thousands: i32): bool {
  return opa_builtin1(MAY_GO_ON, slices, thousands) != 0;
}

/** Prints a zero-terminated text. */
export function printLine(text: usize): void {
  opa_println(text);
}

export function hostCall0(id: i32): usize {
  return opa_builtin0(id, 0);
}
export function hostCall1(id: i32, a: usize): usize {
  return opa_builtin1(id, 0, a);
}
export function hostCall2(id: i32, a: usize, b: usize): usize {
  return opa_builtin2(id, 0, a, b);
}
export function hostCall3(id: i32, a: usize, b: usize, c: usize): usize {
  return opa_builtin3(id, 0, a, b, c);
}
export function hostCall4(id: i32, a: usize, b: usize, c: usize, d: usize): usize {
  return opa_builtin4(id, 0, a, b, c, d);
}
