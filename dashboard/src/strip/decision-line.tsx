/** One decision in a line. */
import type { DecisionBody } from "@regomesh/controller/api";
import { printClock, printNs, printPrincipal } from "../format.ts";
import type { Selection } from "../selection.ts";

type Props = { readonly decision: DecisionBody; readonly onSelect: (selection: Selection) => void };

export function DecisionLine({ decision, onSelect }: Props) {
  const rule = decision.rules[0];
  return (
    <li class={`decision ${decision.verdict}`}>
      <button type="button" onClick={() => onSelect({ kind: "decision", id: decision.id })}>
        <span class="time">{printClock(decision.timeMs)}</span>
        <span class="verdict">
          {MARKS[decision.verdict]} {decision.verdict} {decision.status}
        </span>
        <span class="way">
          {printPrincipal(decision.source)}{" "}
          <span title={decision.direction === "inbound" ? "decided by the receiver" : "decided by the sender"}>
            {decision.direction === "inbound" ? "⇥" : "→"}
          </span>{" "}
          {decision.service.split(".")[0]}
        </span>
        <code class="request">
          {decision.method} {decision.path}
        </code>
        <code class="place">
          {decision.reason || (rule === undefined ? withoutRule(decision) : `${rule.file}:${rule.row}`)}
        </code>
        <span class="policy">{printNs(decision.policyNs)}</span>
      </button>
    </li>
  );
}

/** A sender asks a policy only where routes are bound; the receiver's line has the rules. */
function withoutRule({ direction }: DecisionBody): string {
  return direction === "outbound" ? "" : "no rule held";
}

/** So that colour is never the only carrier. */
const MARKS: Readonly<Record<DecisionBody["verdict"], string>> = {
  allowed: "✓",
  denied: "✕",
  limited: "◔",
  broken: "!",
};
