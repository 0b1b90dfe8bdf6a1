/** Which decisions the strip shows: those that every typed word is found in, refused ones first. */
import type { DecisionBody } from "@regomesh/controller/api";

const SHOWN_MAX = 60;

export function filterDecisions(decisions: readonly DecisionBody[], text: string): readonly DecisionBody[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = decisions.filter((decision) => {
    const hay = hayOf(decision);
    return words.every((word) => hay.includes(word));
  });
  const refused = found.filter(({ verdict }) => verdict !== "allowed");
  const allowed = found.filter(({ verdict }) => verdict === "allowed");
  return [...refused, ...allowed].slice(0, SHOWN_MAX);
}

function hayOf(decision: DecisionBody): string {
  const { verdict, status, source, service, workload, method, path, reason, id, rules } = decision;
  const refused = verdict === "allowed" ? "" : "refused";
  const places = rules.map((rule) => `${rule.path} ${rule.file}:${rule.row}`).join(" ");
  const from = source === "" ? "outside" : source;
  return `${verdict} ${refused} ${status} ${from} ${service} ${workload} ${method} ${path} ${reason} ${id} ${places}`.toLowerCase();
}
