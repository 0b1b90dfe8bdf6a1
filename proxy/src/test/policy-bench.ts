/** A proxy that a workload's policies decide in, before an application that says what reached it. */
import { makeSnapshotFile, type SnapshotModule, type WorkloadSnapshot } from "@regomesh/protocol";
import { afterEach } from "vitest";
import type { ProxyOptions } from "../shell/proxy.ts";
import { type Backend, type Bench, exchange, makeOrders, openBackend, openBench } from "./bench.ts";
import type { MadePolicy } from "./make-policy.ts";
import { makeService, makeSnapshot, makeWorkload } from "./make-snapshot.ts";

/** What ends with the test. */
export const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

export type Setting = { readonly backend: Backend; readonly bench: Bench };

/** Its application names the policy's field x-given, and what it was asked. */
export async function setUp(
  change: Partial<WorkloadSnapshot>,
  policies: { readonly inbound?: MadePolicy; readonly outbound?: MadePolicy },
  options: { readonly explain?: boolean; readonly proxy?: Partial<ProxyOptions> } = {},
): Promise<Setting> {
  const backend = await openBackend((request, response) => {
    response.setHeader("x-backend", String(request.headers["x-given"] ?? "none"));
    response.end(`${request.method} ${request.url} ${request.headers.host} ${request.headers["x-version"] ?? ""}`);
  });
  const bench = await openBench(backend.port, [backend.port], options.proxy);
  open.push(backend, bench);
  const { inbound, outbound } = policies;
  const workload = makeWorkload({
    outbound: [makeService("orders")],
    ...change,
    policies: {
      ...(inbound === undefined ? {} : { inbound: inbound.ref }),
      ...(outbound === undefined ? {} : { outbound: outbound.ref }),
    },
  });
  const mesh = { name: "test", trustDomain: "cluster.local", explainDenials: options.explain ?? false };
  const modules: readonly SnapshotModule[] = [inbound, outbound].flatMap((made) =>
    made === undefined ? [] : [made.module],
  );
  const endpoints = [makeOrders(backend.port)];
  await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload, { mesh }), modules, endpoints));
  return { backend, bench };
}

/** What is asked of the workload. */
export const get = (bench: Bench, path: string, fields = ""): Promise<string> =>
  exchange(bench.inbound, `GET ${path} HTTP/1.1\r\nHost: svc\r\n${fields}\r\n`);
/** What the workload asks of `orders`. */
export const out = (bench: Bench, path: string, fields = ""): Promise<string> =>
  exchange(bench.outbound, `GET http://orders${path} HTTP/1.1\r\nHost: orders\r\n${fields}\r\n`);
