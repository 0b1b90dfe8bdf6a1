import type { Diagnostic } from "@regomesh/base";
import type { Resource } from "@regomesh/resources";
import { expect, test } from "vitest";
import { indexResources, type Origin } from "./mesh-index.ts";
import { bySeniority } from "./seniority.ts";

/** The later its number, the older it is; the first ten are not in force yet. */
function workload(at: number): Resource {
  const name = `w-${String(at).padStart(5, "0")}`;
  const creationTimestamp = new Date(1e12 - at * 1000).toISOString();
  return {
    kind: "Workload",
    metadata: { name, namespace: "shop", labels: {}, annotations: {}, creationTimestamp },
    spec: { service: "orders", ports: [], localPorts: [] },
    source: { name: `Workload/shop/${name}.yaml`, text: "" },
    spans: new Map(),
  };
}

test("of more workloads than a mesh may have each beyond is named at once: what is new, then the youngest", () => {
  const origin: Origin = { source: "root", file: "", rights: [] };
  const all = Array.from({ length: 10_200 }, (_, at) => workload(at));
  const fresh = new Set(all.slice(-100).map(({ source }) => source.name));
  const { diagnostics } = indexResources(new Map(all.map((each) => [each, origin])), { seniority: bySeniority(fresh) });
  const named = (found: readonly Diagnostic[]) => found.map(({ code, at }) => `${code} ${at.source.name}`).sort();
  const beyond = [...all.slice(0, 100), ...all.slice(-100)];
  expect(named(diagnostics)).toEqual(beyond.map(({ source }) => `workload_count ${source.name}`).sort());
});
