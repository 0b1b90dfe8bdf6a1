/**
 * What a process says of itself: a line each time, with level, message and facts; JSON for
 * machines, or text for people. Never per request (that is the access log), never a secret.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;
export type LogFormat = "json" | "text";

export interface Log {
  log(level: LogLevel, message: string, facts?: Facts): void;
}

type Line = { readonly time: string; readonly level: LogLevel; readonly message: string; readonly facts: Facts };

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const PRINT: Readonly<Record<LogFormat, (line: Line) => string>> = {
  json: ({ facts, ...line }) => JSON.stringify({ ...line, ...facts }),
  text: ({ time, level, message, facts }) =>
    [
      `${time} ${level.toUpperCase().padEnd(5)} ${inLine(message)}`,
      ...Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${word(value)}`])),
    ].join(" "),
};

/** A log that writes lines through `write`, dropping what is below `least`. */
export function makeLog(options: {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
  readonly format?: LogFormat;
  readonly least?: LogLevel;
  readonly facts?: Facts;
}): Log {
  const least = RANK[options.least ?? "info"];
  const print = PRINT[options.format ?? "json"];
  return {
    log(level, message, facts) {
      if (RANK[level] < least) return;
      const time = new Date(options.nowMs()).toISOString();
      options.write(`${print({ time, level, message, facts: { ...options.facts, ...facts } })}\n`);
    },
  };
}

export const SILENT: Log = { log() {} };

/** As it is where it is one word, otherwise as a JSON string. */
function word(value: string | number | boolean): string {
  const text = String(value);
  return /^[!#-<>-[\]-~]+$/.test(text) ? text : JSON.stringify(text);
}

/** Nobody's text makes a second line. */
function inLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
