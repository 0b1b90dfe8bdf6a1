/** What is in force, and which commit was refused and why. */

import { NO_FILE } from "@regomesh/base";
import type { RefusedBody, SourceStateBody, StatusBody } from "@regomesh/controller/api";
import { printAge, printMs } from "../format.ts";
import { refusedOf } from "../refused.ts";
import { Row, Rows } from "./rows.tsx";

type Props = { readonly status: StatusBody | undefined; readonly nowMs: number };

export function RevisionPanel({ status, nowMs }: Props) {
  const revision = status?.revision;
  const refused = refusedOf(status);
  return (
    <>
      {refused !== undefined && <Refused refused={refused} nowMs={nowMs} />}
      {status?.source.trouble !== undefined && (
        <section class="refusal">
          <h2 class="bad">Source not read</h2>
          <p>{status.source.trouble}</p>
          <p class="dim">What is in force stays so; it is looked for again.</p>
        </section>
      )}
      {status?.pin !== undefined && (
        <section class="refusal">
          <h2 class="bad">Pinned above git</h2>
          <p>
            <code>{status.pin.revision.slice(0, 7)}</code> {status.pin.subject}{" "}
            <span class="dim">for {printAge(nowMs - status.pin.sinceMs)}</span>
          </p>
          <p class="dim">Nothing newer is taken until it is lifted: regomesh rollback --lift</p>
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
            {status?.release !== undefined && (
              <Row name={status.release.stage === "canary" ? "canaries" : "watched"}>
                {printStage(status.release, nowMs)}
              </Row>
            )}
            <Row name="ACKs, p99">{printMs(revision.ackP99Ms)}</Row>
            <Row name="source">{revision.source}</Row>
            <Row name="may speak for">{printAllow(status)}</Row>
          </Rows>
        </>
      )}
      {status !== undefined && status.sources.length > 1 && (
        <section>
          <h2>Sources</h2>
          {status.sources.map((each) => (
            <Source key={each.name} source={each} nowMs={nowMs} />
          ))}
        </section>
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

/** A source: what is in force of it, and what keeps its newest commit from being so. */
function Source({ source, nowMs }: { readonly source: SourceStateBody; readonly nowMs: number }) {
  const { name, follows, inForce, refused, suspended, troubles, resources, namespaces } = source;
  const isWell = refused === undefined && suspended === undefined && troubles.length === 0;
  return (
    <div class={isWell ? undefined : "fault"}>
      <p>
        <b>{name}</b> <span class="dim">{follows}</span>
        {suspended !== undefined && <span class="bad"> suspended</span>}
      </p>
      <p>
        {inForce === undefined ? (
          <span class="dim">nothing in force yet</span>
        ) : (
          <>
            <code>{inForce.id.slice(0, 7)}</code> {inForce.subject}{" "}
            <span class="dim">
              {resources ?? "its"} resources{namespaces.length === 0 ? "" : ` for ${namespaces.join(", ")}`}
            </span>
          </>
        )}
      </p>
      {refused !== undefined && (
        <p class="bad">
          {refused.commit.slice(0, 7)} refused
          {refused.verdicts.map((each) => (
            <span key={`${each.kind} ${each.namespace}/${each.name}`}>
              {" "}
              {each.kind} {each.name}: {each.message}
            </span>
          ))}
        </p>
      )}
      {troubles.map(({ reason, message, sinceMs }) => (
        <p key={reason} class="bad">
          {message} <span class="dim">for {printAge(nowMs - sinceMs)}</span>
        </p>
      ))}
    </div>
  );
}

/** How far a revision has come that waits for its canaries, or is watched. */
function printStage({ proxies, taken, bakedAtMs }: NonNullable<StatusBody["release"]>, nowMs: number): string {
  const watched = bakedAtMs === undefined ? "" : `, watched for another ${printAge(bakedAtMs - nowMs)}`;
  return `${taken} of ${proxies} have it${watched}`;
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
          {each.file !== NO_FILE && (
            <code>
              {each.file}:{each.row}:{each.column}
            </code>
          )}
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
      <h2 class="bad">{refused.isTakenBack === true ? "Taken back" : "Refused"}</h2>
      <p>
        <code>{refused.commit.slice(0, 7)}</code> {refused.subject}{" "}
        <span class="dim">{printAge(nowMs - refused.atMs)} ago</span>
      </p>
      {refused.isTakenBack !== true ? (
        <p class="dim">No proxy has changed. Fix it and commit again.</p>
      ) : (
        <p class="dim">
          {refused.refusals.length > 0 && `Refused by ${refused.refusals.map(({ workload }) => workload).join(", ")}; `}
          every proxy is back on what was in force before. Fix it and commit again.
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
