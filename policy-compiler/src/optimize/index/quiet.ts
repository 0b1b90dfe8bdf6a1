/** Ops without effect, that cannot fail with an error: whether one runs is seen by nothing but what its region does. */
import type { Op } from "../../core/op.ts";
import { isMembership } from "../membership.ts";

/** Writes locals of its own at most. */
export function isQuiet(op: Op): boolean {
  switch (op.kind) {
    case "call":
      return isMembership(op);
    case "regions":
    case "not":
    case "loop":
    case "get":
    case "length":
    case "assign":
    case "make":
    case "test":
      return true;
    default:
      return false;
  }
}
