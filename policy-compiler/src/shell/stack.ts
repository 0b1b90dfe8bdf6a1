/**
 * The compiler recurses over the tree of a policy: processes that compile get a larger stack
 * than Node's megabyte, so that generated policies may nest as they do elsewhere. V8 takes the
 * size at a process's start only, and what the operating system gives must be more; what is too
 * deep all the same is a diagnostic.
 */
import { existsSync, readFileSync } from "node:fs";

/** Holds what the parser takes (`syntax/limits.ts`), three times over; only what is used is ever there. */
const DEEP_KIB = 512 * 1024;
/** Below the 8 MiB that systems give by default. */
const USUAL_KIB = 3900;
const SHELL = "/bin/sh";

/** Flags for a Node process with what this one's system gives as it is; none where it does not say that it gives enough. */
export function stackFlags(): readonly string[] {
  const { soft } = stackLimits();
  const kib = soft === Number.POSITIVE_INFINITY ? DEEP_KIB : USUAL_KIB;
  return soft >= 2 * kib * 1024 ? [`--stack-size=${kib}`] : [];
}

export type StartLine = { readonly file: string; readonly args: readonly string[] };

/**
 * How to start Node with as large a stack as may be: by way of a shell that lifts the limit and
 * becomes Node, where the limit may be lifted. Node's own arguments follow the flags.
 */
export function withDeepStack(node: string, args: readonly string[]): StartLine {
  const { soft, hard } = stackLimits();
  const mayLift = hard === Number.POSITIVE_INFINITY && existsSync(SHELL);
  if (soft === Number.POSITIVE_INFINITY || !mayLift) return { file: node, args: [...stackFlags(), ...args] };
  const become = 'ulimit -S -s unlimited && exec "$0" "$@"';
  return { file: SHELL, args: ["-c", become, node, `--stack-size=${DEEP_KIB}`, ...args] };
}

/** Bytes; zero where the system does not say. */
function stackLimits(): { readonly soft: number; readonly hard: number } {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return { soft: 0, hard: 0 };
  }
  const [, soft, hard] = /^Max stack size\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  const bytes = (text: string | undefined) => (text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text ?? 0));
  return { soft: bytes(soft), hard: bytes(hard) };
}
