/**
 * What the readers of lines return: the position behind what they read, or one of two
 * negative numbers. A fault is left in `head.fault`.
 */
import type { Fault } from "./fault.ts";
import type { Head } from "./head.ts";

/** The bytes end inside the line; it is read again from its start once more have come. */
export const INCOMPLETE = -1;
export const FAULTY = -2;

export function refuse(head: Head, fault: Fault): typeof FAULTY {
  head.fault = fault;
  return FAULTY;
}
