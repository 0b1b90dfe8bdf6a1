/** A service: its identity, the policies bound to it, its endpoints and their breakers. */
import type { NodeBody } from "@regomesh/controller/api";
import { printLeft, printMs, printPrincipal, printRate } from "../format.ts";
import { Row, Rows } from "./rows.tsx";
import { Success } from "./success.tsx";

export function NodePanel({ node, nowMs }: { readonly node: NodeBody; readonly nowMs: number }) {
  return (
    <>
      <h2>{node.name}</h2>
      <p class="dim">{node.kind === "outside" ? "callers that are not of the mesh" : `namespace ${node.namespace}`}</p>
      <Rows>
        <Row name={node.kind === "outside" ? "sent" : "requests"}>{printRate(node.requestsPerSecond)}/s</Row>
        {node.kind === "service" && (
          <>
            <Row name="success">
              <Success share={node.success} isKnown={node.state === "ready" && node.requestsPerSecond > 0} />
            </Row>
            <Row name="p50 · p99">
              {printMs(node.p50Ms)} · {printMs(node.p99Ms)}
            </Row>
          </>
        )}
      </Rows>
      {node.kind === "service" && <Service node={node} nowMs={nowMs} />}
    </>
  );
}

function Service({ node, nowMs }: { readonly node: NodeBody; readonly nowMs: number }) {
  return (
    <>
      <h3>Endpoints</h3>
      {node.endpoints.length === 0 && <p class="bad">None: no sidecar of {node.workloads.join(", ")} is connected.</p>}
      {node.endpoints.map((endpoint) => (
        <section key={`${endpoint.address}:${endpoint.port}`} class="proxy">
          <div class="row">
            <b>{endpoint.workload}</b>
            <span class={endpoint.breaker === "closed" ? "good" : "bad"}>breaker {endpoint.breaker}</span>
          </div>
          <div class="row dim">
            <code>
              {endpoint.address}:{endpoint.port}
            </code>
            <span title={endpoint.principal}>{printPrincipal(endpoint.principal)}</span>
            <span>
              {endpoint.svidNotAfterMs === undefined ? "" : `identity ${printLeft(endpoint.svidNotAfterMs - nowMs)}`}
            </span>
          </div>
        </section>
      ))}
      <h3>Policies</h3>
      {node.policies.length === 0 && <p class="dim">None bound: the mesh's default verdict stands.</p>}
      {node.policies.map((policy) => (
        <section key={policy.binding} class="proxy">
          <div class="row">
            <b>{policy.binding}</b>
            <span class="dim">{policy.tier}</span>
          </div>
          <div class="row dim">
            <code>{policy.unit}</code>
            <span>{policy.entrypoints.join(", ")}</span>
          </div>
        </section>
      ))}
    </>
  );
}
