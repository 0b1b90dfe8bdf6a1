/** Decisions in lines: what happened to which request, and where it is written that it should. */
import type { DecisionBody } from "@regomesh/controller";
import type { Paint } from "./paint.ts";
import { cut, plain, printTook } from "./units.ts";

/** So that colour is never the only carrier. */
const MARKS: Readonly<Record<DecisionBody["verdict"], string>> = {
  allowed: "✓",
  denied: "✕",
  limited: "◔",
  broken: "!",
};

/** One line for what passed, two for what did not: the second says which rule, or what was wrong. */
export function printDecision(decision: DecisionBody, paint: Paint, columns: number): readonly string[] {
  const { verdict, status, id, timeMs, method, path } = decision;
  const what = `${MARKS[verdict]} ${verdict.padEnd(7)} ${String(status).padStart(3)}`;
  const start = `${clockOf(timeMs)}  ${what}  ${plain(id)}  ${wayOf(decision)}  ${plain(method)} `;
  const room = Math.max(12, columns - [...start].length);
  const line = `${paint.dim(clockOf(timeMs))}  ${paintVerdict(what, verdict, paint)}  ${plain(id)}  ${wayOf(decision)}  ${plain(method)} ${cut(plain(path), room)}`;
  const why = verdict === "allowed" ? undefined : reasonLine(decision);
  return [line, ...(why === undefined ? [] : [`              ${why}`]), ...shadowLines(decision)];
}

export function paintVerdict(text: string, verdict: DecisionBody["verdict"], paint: Paint): string {
  if (verdict === "allowed") return paint.green(text);
  return verdict === "limited" ? paint.yellow(text) : paint.red(text);
}

/** Which proxy decided is told by the arrow: `⇥` of the receiver, `→` of the sender. */
function wayOf({ source, service, direction }: DecisionBody): string {
  return `${shortName(source)} ${direction === "inbound" ? "⇥" : "→"} ${service === "" ? "?" : shortName(service)}`;
}

/** What is to be read first: the rule that decided, the reason of the mesh, or the entrypoint that gave nothing. */
export function reasonLine(decision: DecisionBody): string | undefined {
  const { reason, detail, rules, entrypoint, verdict } = decision;
  if (reason !== "") return detail === "" ? plain(reason) : `${plain(reason)}: ${plain(detail)}`;
  const [rule] = rules;
  if (rule !== undefined) return `${plain(rule.file)}:${rule.row} ${plain(rule.path)}`;
  if (decision.direction === "outbound") return "the receiver refused it: its own decision says why";
  if (entrypoint === "") return undefined;
  return verdict === "denied" ? `no rule of ${plain(entrypoint)} held` : plain(entrypoint);
}

function shadowLines({ shadows }: DecisionBody): readonly string[] {
  return shadows.map(
    ({ binding, entrypoint, would }) =>
      `              in shadow: ${plain(binding)} ${plain(entrypoint)} would ${plain(would)}`,
  );
}

/** `web` of `web.default`, an SPIFFE ID without its trust domain. */
export function shortName(name: string): string {
  const text = plain(name);
  const [, path] = /^spiffe:\/\/[^/]+(\/.*)$/.exec(text) ?? [];
  return path ?? text.replace(/\.default$/, "");
}

export function clockOf(timeMs: number): string {
  const at = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

export function printCosts({ policyNs, durationMs }: DecisionBody): string {
  return `policy ${printTook(policyNs / 1e6)}, whole request ${printTook(durationMs)}`;
}
