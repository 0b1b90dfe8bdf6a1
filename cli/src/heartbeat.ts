/**
 * A file that a process touches for as long as its event loop turns: by its age whoever watches the process from
 * outside (a kubelet) knows one that has stopped, though its ports still take connections.
 */
import { writeFile } from "node:fs/promises";

/** Well below any age at which a process would be ended. */
const EVERY_MS = 5000;

/** Touched once when it resolves, and from then on until the signal. Throws Error where it cannot be written. */
export async function beat(file: string, signal: AbortSignal, everyMs = EVERY_MS): Promise<void> {
  const touch = async () => await writeFile(file, `${process.pid}\n`, { mode: 0o644 });
  await touch();
  // A disk that is full for a moment ends nobody: the file's age says it, if it stays so.
  const timer = setInterval(() => void touch().catch(() => {}), everyMs);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
