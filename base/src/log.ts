/**
 * What a process says of itself: one JSON object a line, level, message and facts.
 * Never per request (that is the access log), never a secret.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  log(level: LogLevel, message: string, facts?: Facts): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that writes JSON lines through `write`, dropping what is below `least`. */
export function makeLog(options: {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
  readonly least?: LogLevel;
  readonly facts?: Facts;
}): Log {
  const least = RANK[options.least ?? "info"];
  return {
    log(level, message, facts) {
      if (RANK[level] < least) return;
      const time = new Date(options.nowMs()).toISOString();
      options.write(`${JSON.stringify({ time, level, message, ...options.facts, ...facts })}\n`);
    },
  };
}

export const SILENT: Log = { log() {} };
