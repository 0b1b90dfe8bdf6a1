/** What `regomesh doctor` looked at: in groups, each with a word on it, and where it is not well, a way out. */
import type { Paint } from "../paint.ts";

export type Finding = {
  /** What must be so: "the controller answers". */
  readonly what: string;
  readonly verdict: "ok" | "warning" | "failure" | "skipped";
  /** What is so instead. */
  readonly message?: string;
  readonly fix?: string;
};

export type Group = { readonly name: string; readonly findings: readonly Finding[] };

export function ok(what: string, message?: string): Finding {
  return { what, verdict: "ok", ...(message === undefined ? {} : { message }) };
}

/** It works, and somebody should know. */
export function warn(what: string, message: string, fix: string): Finding {
  return { what, verdict: "warning", message, fix };
}

export function fail(what: string, message: string, fix: string): Finding {
  return { what, verdict: "failure", message, fix };
}

/** It could not be looked at for what failed before it. */
export function skip(what: string): Finding {
  return { what, verdict: "skipped" };
}

/** Where `isSo` does not hold, that is a failure. */
export function holds(isSo: boolean, what: string, message: string, fix: string): Finding {
  return isSo ? ok(what) : fail(what, message, fix);
}

export function hasFailures(groups: readonly Group[]): boolean {
  return groups.some(({ findings }) => findings.some(({ verdict }) => verdict === "failure"));
}

const SIGNS = { ok: "✓", warning: "‼", failure: "×", skipped: "-" } as const;

export function printGroups(groups: readonly Group[], paint: Paint): string {
  const colour = { ok: paint.green, warning: paint.yellow, failure: paint.red, skipped: paint.dim };
  const lines = groups.flatMap(({ name, findings }) => [
    paint.bold(name),
    "-".repeat(name.length),
    ...findings.flatMap(({ what, verdict, message, fix }) => [
      `${colour[verdict](SIGNS[verdict])} ${what}${verdict === "ok" && message !== undefined ? ` (${message})` : ""}`,
      ...(verdict === "ok" || message === undefined ? [] : [`    ${message}`]),
      ...(fix === undefined ? [] : [`    fix: ${fix}`]),
    ]),
    "",
  ]);
  const all = groups.flatMap(({ findings }) => findings);
  const count = (wanted: Finding["verdict"]) => all.filter(({ verdict }) => verdict === wanted).length;
  const verdict = hasFailures(groups) ? paint.red("not well") : paint.green("well");
  lines.push(
    `${verdict}: ${count("ok")} ✓, ${count("warning")} ‼, ${count("failure")} ×${count("skipped") === 0 ? "" : `, ${count("skipped")} not looked at`}`,
  );
  return `${lines.join("\n")}\n`;
}
