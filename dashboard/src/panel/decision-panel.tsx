/** One decision: the verdict, the rules with their source, the commit and author of the line. */
import type { DecisionBody, RuleBody } from "@regomesh/controller/api";
import { useEffect, useState } from "preact/hooks";
import { fetchDecision } from "../api/feed.ts";
import { printClock, printMs, printNs, printPrincipal } from "../format.ts";
import { Row, Rows } from "./rows.tsx";

export function DecisionPanel({ id, known }: { readonly id: string; readonly known: DecisionBody | undefined }) {
  const [whole, setWhole] = useState<DecisionBody | undefined>(undefined);
  useEffect(() => {
    let isOpen = true;
    setWhole(undefined);
    fetchDecision(id)
      .then((decision) => isOpen && setWhole(decision))
      .catch(() => undefined);
    return () => {
      isOpen = false;
    };
  }, [id]);
  const decision = whole ?? known;
  if (decision === undefined) return <p class="dim">Loading …</p>;
  return (
    <>
      <h2>
        <span class={decision.verdict === "allowed" ? "good" : "bad"}>{decision.verdict}</span> {decision.status}
      </h2>
      <p>
        <code>
          {decision.method} {decision.path}
        </code>
      </p>
      <Rows>
        <Row name="decision">
          <code>{decision.id}</code>
        </Row>
        <Row name="at">{printClock(decision.timeMs)}</Row>
        <Row name="from">
          <span title={decision.source}>{printPrincipal(decision.source)}</span>
        </Row>
        <Row name="to">
          {decision.service} ({decision.workload})
        </Row>
        {decision.reason !== "" && <Row name="reason">{decision.reason}</Row>}
        {decision.detail !== "" && <Row name="what was wrong">{decision.detail}</Row>}
        <Row name="entrypoint">
          <code>{decision.entrypoint}</code>
        </Row>
        <Row name="revision">
          <code>{decision.revision.slice(0, 7)}</code>
        </Row>
        <Row name="policy">{printNs(decision.policyNs)}</Row>
        <Row name="whole request">{printMs(decision.durationMs)}</Row>
        {decision.builtinErrors > 0 && <Row name="built-in errors">{decision.builtinErrors}</Row>}
      </Rows>
      {decision.shadows.map(({ binding, entrypoint, would }) => (
        <p key={`${binding} ${entrypoint}`}>
          In shadow, <b>{binding}</b> <code>{entrypoint}</code> would {would}.
        </p>
      ))}
      <h3>{headingOf(decision)}</h3>
      {decision.rules.map((rule) => (
        <Rule key={`${rule.path}:${rule.file}:${rule.row}`} rule={rule} />
      ))}
    </>
  );
}

function headingOf({ rules, direction, verdict }: DecisionBody): string {
  if (rules.length === 0) return direction === "outbound" ? "No rule was asked on the way out" : "No rule held";
  return verdict === "allowed" ? "Rules that allowed it" : "Rules that held";
}

function Rule({ rule }: { readonly rule: RuleBody }) {
  return (
    <section class="rule">
      <div class="row">
        <code>{rule.path}</code>
        <code class="dim">
          {rule.file}:{rule.row}
        </code>
      </div>
      {rule.excerpt !== undefined && (
        <pre>
          {rule.excerpt.map(({ row, text }) => (
            <div key={row} class={row === rule.row ? "here" : ""}>
              <span class="row-number">{row}</span>
              {text}
            </div>
          ))}
        </pre>
      )}
      {rule.commit !== undefined && (
        <p class="dim">
          <code>{rule.commit.hash.slice(0, 7)}</code> {rule.commit.author}: {rule.commit.subject}
        </p>
      )}
    </section>
  );
}
