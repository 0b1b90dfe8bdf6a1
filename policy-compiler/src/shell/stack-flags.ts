/**
 * The compiler recurses over the tree of a policy: processes that compile get a larger stack
 * than Node's megabyte, so that generated policies may nest as they do elsewhere. V8 takes the
 * size at a process's start only; what is too deep all the same is a diagnostic.
 */
import { readFileSync } from "node:fs";

const STACK_KIB = 3900;

/** Flags for Node; none where the operating system does not say that it gives twice as much. */
export function stackFlags(): readonly string[] {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return [];
  }
  const soft = /^Max stack size\s+(\S+)/m.exec(limits)?.[1];
  const isEnough = soft === "unlimited" || Number(soft) >= 2 * STACK_KIB * 1024;
  return isEnough ? [`--stack-size=${STACK_KIB}`] : [];
}
