/** The clocks by which an evaluation is ended that takes too long. */
import type { EvaluationClock } from "../overrun.ts";

const monoUs = (): number => performance.now() * 1000;

export const EVALUATION_CLOCK: EvaluationClock = { monoUs, threadCpuUs: threadCpuClock() };

/** Node before 23.9 does not tell a thread's CPU time: the time that passes stands for it. */
function threadCpuClock(): () => number {
  if (typeof process.threadCpuUsage !== "function") return monoUs;
  return () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
}
