/** A mesh as its controller tells of it: the controller itself, and its proxies. */

import type { IdentitiesBody, ProxyBody, StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { stragglersOf } from "../stragglers.ts";
import { plain, printSpan, shortHash } from "../units.ts";
import { type Finding, fail, type Group, holds, ok, warn } from "./finding.ts";

/** Of a root that lasts years; a new one needs every proxy to join again. */
const ROOT_SOON_MS = 90 * 86_400_000;
const NAMED_MAX = 5;

export function lookAtController(status: StatusBody, identities: IdentitiesBody | { readonly fault: string }): Group {
  const { revision, troubles = [], pin, faults = [] } = status;
  const refused = refusedOf(status);
  const inForce =
    revision === undefined
      ? fail(
          "a revision is in force",
          "there is none yet",
          "commit a source that builds: regomesh check says what is wrong",
        )
      : ok("a revision is in force", shortHash(revision.name));
  return {
    name: "controller",
    findings: [
      inForce,
      refused === undefined
        ? ok("the newest commit was taken")
        : fail(
            "the newest commit was taken",
            `${shortHash(refused.commit)} was refused: ${plain(refused.diagnostics[0]?.message ?? "a test fails")}`,
            "regomesh status shows every fault with its place",
          ),
      ...status.sources.map(lookAtSource),
      troubles.length === 0
        ? ok("it keeps what it is to keep")
        : fail(
            "it keeps what it is to keep",
            troubles.map(({ message }) => plain(message)).join("; "),
            "see docs/operations.md",
          ),
      pin === undefined
        ? ok("nothing is pinned")
        : warn(
            "nothing is pinned",
            "an operator has put a revision above every source",
            "regomesh rollback --lift, when the fault is mended",
          ),
      faults.length === 0
        ? ok("policies answer")
        : warn(
            "policies answer",
            faults
              .slice(0, NAMED_MAX)
              .map(({ entrypoint, reason }) => `${plain(entrypoint)}: ${reason}`)
              .join("; "),
            "regomesh decisions --verdict broken shows the requests",
          ),
      lookAtRoot(status, identities),
    ],
  };
}

function lookAtSource({ name, troubles, suspended }: StatusBody["sources"][number]): Finding {
  const what = `source ${plain(name)} is followed`;
  const [trouble] = troubles;
  if (trouble !== undefined)
    return fail(what, plain(trouble.message), `regomesh source ${plain(name)} shows it; what is in force stays`);
  return suspended === undefined ? ok(what) : warn(what, "it is suspended", `regomesh source resume ${plain(name)}`);
}

function lookAtRoot({ nowMs }: StatusBody, identities: IdentitiesBody | { readonly fault: string }): Finding {
  const what = "the root certificate is far from its end";
  if ("fault" in identities) return warn(what, identities.fault, "name the controller's own state folder with --state");
  const leftMs = identities.rootNotAfterMs - nowMs;
  const fix = "see docs/security.md for a new root";
  if (leftMs <= 0) return fail(what, "it has ended: no proxy can join", fix);
  return leftMs < ROOT_SOON_MS ? warn(what, `it ends in ${printSpan(leftMs)}`, fix) : ok(what, printSpan(leftMs));
}

/** Of each proxy what is wrong with it; `isWhole`: what is well, too. */
export function lookAtProxies(status: StatusBody, isWhole: boolean): Group {
  const behind = stragglersOf(status);
  const proxies = status.proxies.filter(({ isOrphan }) => isOrphan !== true);
  const bypassable = proxies.filter((each) => each.isBypassable && each.state === "ready");
  return {
    name: "proxies",
    findings: [
      holds(
        proxies.length > 0,
        "the mesh has workloads",
        "there is none",
        "add a Workload, or in a cluster a Pod with the proxy",
      ),
      behind.length === 0
        ? ok("every proxy enforces the newest revision", `${proxies.length}`)
        : fail(
            "every proxy enforces the newest revision",
            behind
              .slice(0, NAMED_MAX)
              .map(({ name, reason }) => `${name} ${reason}`)
              .join("; "),
            "the reason says what to do; regomesh wait waits for them",
          ),
      bypassable.length === 0
        ? ok("no local process can go round a proxy")
        : warn(
            "no local process can go round a proxy",
            `${bypassable.slice(0, NAMED_MAX).map(nameOf).join(", ")}${bypassable.length > NAMED_MAX ? " and more" : ""}: traffic is not captured`,
            "regomesh capture, or only let the sidecar's user reach the network",
          ),
      ...(isWhole ? proxies.map((proxy) => lookAtProxy(proxy, status)) : []),
    ],
  };
}

function lookAtProxy(proxy: ProxyBody, { nowMs }: StatusBody): Finding {
  const { svidNotAfterMs, troubles = [], state } = proxy;
  const what = `${nameOf(proxy)} is well`;
  const [trouble] = troubles;
  if (trouble !== undefined) return warn(what, plain(trouble), "see its log");
  if (state !== "ready")
    return fail(
      what,
      `it is ${state === "never" ? "not there yet" : state}`,
      "see its log, and whether it reaches the controller",
    );
  if (svidNotAfterMs === undefined) return ok(what);
  const leftMs = svidNotAfterMs - nowMs;
  return leftMs > 0
    ? ok(what, `its certificate is good for ${printSpan(leftMs)}`)
    : fail(what, "its certificate has ended", `regomesh identity renew ${plain(proxy.workload)}`);
}

function nameOf({ namespace, workload }: ProxyBody): string {
  return plain(`${namespace}/${workload}`);
}
