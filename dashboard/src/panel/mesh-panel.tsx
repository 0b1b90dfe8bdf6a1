/** Every proxy: what it enforces, until when its identity holds, how fast it decides. */
import type { ProxyBody, ShadowBody, StatusBody } from "@regomesh/controller/api";
import { printAge, printLeft, printNs, printRate } from "../format.ts";
import { lagsBehind } from "./lag.ts";

type Props = { readonly status: StatusBody | undefined; readonly nowMs: number };

export function MeshPanel({ status, nowMs }: Props) {
  if (status === undefined) return <p class="dim">Loading …</p>;
  const { shown, isWell } = pickProxies(status);
  return (
    <>
      <h2>{status.mesh}</h2>
      <p class="dim">trust domain {status.trustDomain}</p>
      {status.troubles?.map(({ message, sinceMs }) => (
        <p key={message} class="bad">
          {message} ({printAge(nowMs - sinceMs)})
        </p>
      ))}
      <h3>Proxies</h3>
      {status.proxies.length === 0 && <p class="dim">None yet: no Workload is declared.</p>}
      {shown.map((proxy) => (
        <ProxyState
          key={`${proxy.namespace}/${proxy.workload} ${proxy.instance ?? ""}`}
          proxy={proxy}
          status={status}
          nowMs={nowMs}
        />
      ))}
      {shown.length < status.proxies.length && (
        <p class="dim">
          and {status.proxies.length - shown.length} more{isWell ? ", all of them well" : ""}: regomesh status lists
          them
        </p>
      )}
      {status.shadows.length > 0 && <h3>In shadow</h3>}
      {status.shadows.map((shadow) => (
        <ShadowState key={`${shadow.direction} ${shadow.binding} ${shadow.entrypoint}`} shadow={shadow} />
      ))}
    </>
  );
}

/** More are found by their service, and listed by the command line. */
const PROXIES_SHOWN = 24;

/** Those with whom something is the matter come first; `isWell`: all of the others are well. */
function pickProxies(status: StatusBody): { readonly shown: readonly ProxyBody[]; readonly isWell: boolean } {
  const { proxies } = status;
  if (proxies.length <= PROXIES_SHOWN) return { shown: proxies, isWell: true };
  const isIll = (proxy: ProxyBody) =>
    proxy.state !== "ready" ||
    proxy.isOrphan === true ||
    proxy.refusal !== undefined ||
    proxy.troubles !== undefined ||
    lagsBehind(proxy, status);
  const ill = proxies.filter(isIll);
  const shown = [...ill, ...proxies.filter((proxy) => !isIll(proxy))].slice(0, PROXIES_SHOWN);
  return { shown, isWell: ill.length <= PROXIES_SHOWN };
}

/** What a binding would have changed if it were enforced. */
function ShadowState({ shadow }: { readonly shadow: ShadowBody }) {
  const { binding, entrypoint, decisions, differences, would } = shadow;
  const changes = Object.entries(would).filter(([, count]) => count > 0);
  return (
    <section class="proxy">
      <div class="row">
        <b>{binding}</b>
        <span class={differences === 0 ? "good" : "bad"}>
          {differences} of {decisions} differ
        </span>
      </div>
      <div class="row dim">
        <code>{entrypoint}</code>
        <span>{changes.map(([change, count]) => `${change} ${count}`).join(" · ")}</span>
      </div>
    </section>
  );
}

function ProxyState({ proxy, status, nowMs }: { proxy: ProxyBody; status: StatusBody; nowMs: number }) {
  return (
    <section class="proxy">
      <div class="row">
        <b>{proxy.workload}</b>
        <span class={proxy.state === "ready" ? "good" : "bad"}>{wordOf(proxy, nowMs)}</span>
      </div>
      <div class="row dim">
        <span>
          <code>{proxy.revision?.slice(0, 7) ?? "–"}</code>
          {lagsBehind(proxy, status) && <span class="bad"> lags</span>}
        </span>
        <span title="half of the decisions since the start took no longer; the first thousands run unoptimised">
          policy {proxy.policyP50Ns === undefined ? "–" : `≤${printNs(proxy.policyP50Ns)}`} p50
        </span>
        <span>{printRate(proxy.refusedPerSecond)} refused/s</span>
      </div>
      <div class="row dim">
        <span>identity {proxy.svidNotAfterMs === undefined ? "–" : printLeft(proxy.svidNotAfterMs - nowMs)}</span>
        {proxy.isBypassable && (
          <span title="Traffic is led here by HTTP_PROXY, not by regomesh capture: a local process can go round it.">
            bypassable
          </span>
        )}
      </div>
      {proxy.isOrphan && (
        <p class="bad">Its workload is not of the mesh, and it runs on with what it had: end it where it runs.</p>
      )}
      {proxy.refusal !== undefined && (
        <p class="bad">
          {proxy.refusal.class === "content" ? "refuses" : "cannot take"} revision{" "}
          <code>{proxy.refusal.revision.slice(0, 7)}</code>
          {proxy.refusal.class === "local" && `, tries again (${proxy.refusal.attempts} so far)`}
        </p>
      )}
      {proxy.troubles?.map((trouble) => (
        <p key={trouble} class="bad">
          {trouble}
        </p>
      ))}
      {proxy.refusal?.problems.map((problem) => (
        <p key={problem} class="bad">
          {problem}
        </p>
      ))}
    </section>
  );
}

function wordOf({ state, lastWordMs, isOrphan }: ProxyBody, nowMs: number): string {
  if (isOrphan) return "orphan";
  const since = lastWordMs === undefined ? "" : `, ${printAge(nowMs - lastWordMs)} ago`;
  switch (state) {
    case "ready":
      return "ready";
    case "stale":
      return `silent${since}`;
    case "gone":
      return `gone${since}`;
    case "never":
      return "never seen";
  }
}
