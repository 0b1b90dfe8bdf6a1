/** What is in force, and which commit was refused and why. */
import type { RefusedBody, StatusBody } from "@regomesh/controller/api";
import { printAge, printMs } from "../format.ts";
import { Row, Rows } from "./rows.tsx";

type Props = { readonly status: StatusBody | undefined; readonly nowMs: number };

export function RevisionPanel({ status, nowMs }: Props) {
  const revision = status?.revision;
  return (
    <>
      {status?.refused !== undefined && <Refused refused={status.refused} nowMs={nowMs} />}
      {status?.source.trouble !== undefined && (
        <section class="refusal">
          <h2 class="bad">Source not read</h2>
          <p>{status.source.trouble}</p>
          <p class="dim">What is in force stays so; it is looked for again.</p>
        </section>
      )}
      <h2>In force</h2>
      {revision === undefined ? (
        <p class="dim">No revision yet.</p>
      ) : (
        <>
          <p>{revision.subject}</p>
          <Rows>
            <Row name="commit">
              <code>{revision.name.slice(0, 12)}</code>
            </Row>
            <Row name="author">{revision.author}</Row>
            <Row name="committed">{printAge(nowMs - revision.committedAtMs)} ago</Row>
            <Row name="in force">
              {revision.enforced} of {revision.proxies} proxies
            </Row>
            <Row name="ACKs, p99">{printMs(revision.ackP99Ms)}</Row>
            <Row name="source">{revision.source}</Row>
            <Row name="may speak for">{printAllow(status)}</Row>
          </Rows>
        </>
      )}
      {status !== undefined && status.warnings.length > 0 && (
        <section>
          <h2 class="bad">Warnings of what is in force</h2>
          <Faults faults={status.warnings} />
        </section>
      )}
    </>
  );
}

/** Which paths may speak for which namespaces: the controller's --allow. */
function printAllow(status: StatusBody | undefined): string {
  const allow = status?.source.allow ?? [];
  if (allow.length === 0) return "every path for every namespace";
  return allow.map(({ path, namespaces }) => `${path === "" ? "." : path} for ${namespaces.join(", ")}`).join("; ");
}

function Faults({ faults }: { readonly faults: RefusedBody["diagnostics"] }) {
  return (
    <>
      {faults.map((each) => (
        <div key={`${each.file}:${each.row}:${each.column}:${each.code}:${each.message}`} class="fault">
          <code>
            {each.file}:{each.row}:{each.column}
          </code>
          <p>{each.message}</p>
          {each.hint !== undefined && <p class="dim">{each.hint}</p>}
        </div>
      ))}
    </>
  );
}

function Refused({ refused, nowMs }: { readonly refused: RefusedBody; readonly nowMs: number }) {
  return (
    <section class="refusal">
      <h2 class="bad">{refused.refusals.length === 0 ? "Refused" : "Taken back"}</h2>
      <p>
        <code>{refused.commit.slice(0, 7)}</code> {refused.subject}{" "}
        <span class="dim">{printAge(nowMs - refused.atMs)} ago</span>
      </p>
      {refused.refusals.length === 0 ? (
        <p class="dim">No proxy has changed. Fix it and commit again.</p>
      ) : (
        <p class="dim">
          Refused by {refused.refusals.map(({ workload }) => workload).join(", ")}; every proxy is back on what was in
          force before. Fix it and commit again.
        </p>
      )}
      <Faults faults={refused.diagnostics} />
      {refused.failedTests.map((each) => (
        <div key={each.name} class="fault">
          <code>
            {each.file}:{each.row}
          </code>
          <p>
            test {each.name} failed: {each.message}
          </p>
        </div>
      ))}
    </section>
  );
}
