/** The process of all simulated proxies: started by the measurement, which hears what they are told. */

import { SimulatedProxy } from "@regomesh/controller/test";
import type { ListenAddress } from "@regomesh/protocol";
import type { StartOrder, SwarmOrder, SwarmReport } from "./swarm-messages.ts";

const SAY_EVERY_MS = 20;
const COLLECT_AFTER_TURNS = 30;

const proxies: SimulatedProxy[] = [];
let endpointsEach = 1;
let connected = 0;
let snapshots: SwarmReport["snapshots"][number][] = [];
let endpoints: SwarmReport["endpoints"][number][] = [];
let errors: string[] = [];
const nowMs = () => performance.timeOrigin + performance.now();

function start({ proxies: wanted, address, withinMs }: StartOrder): void {
  for (const [index, { workload, identity }] of wanted.entries()) {
    const proxy = new SimulatedProxy(
      address,
      { workload, instance: String(index) },
      identity,
      listenOf(index, 10_000),
      {
        onConnected: () => connected++,
        onSnapshot: (revision, bytes) => snapshots.push([index, revision, nowMs(), bytes]),
        onEndpoints: (services, bytes) => endpoints.push([index, services, nowMs(), bytes]),
        onError: (message) => errors.push(`${workload}: ${message}`),
      },
    );
    proxies.push(proxy);
    setTimeout(() => proxy.open(), (withinMs * index) / wanted.length);
  }
}

/** Loopback has sixteen million addresses. */
function listenOf(index: number, port: number): readonly ListenAddress[] {
  return Array.from({ length: endpointsEach }, (_, i) => ({
    portName: "http",
    address: "127.0.0.1",
    port: port + ((index * endpointsEach + i) % 40_000),
    transports: ["h1"],
  }));
}

process.on("message", (order: SwarmOrder) => {
  if (order.kind === "start") {
    endpointsEach = order.endpointsEach;
    start(order);
  } else {
    const [, ...others] = listenOf(order.proxy, 10_000);
    const moved = { portName: "http", address: "127.0.0.1", port: order.port, transports: ["h1"] };
    proxies[order.proxy]?.move([moved, ...others]);
  }
});
process.on("disconnect", () => process.exit(0));

let quietTurns = 0;
setInterval(() => {
  if (snapshots.length + endpoints.length + errors.length === 0) {
    // What the last revision has left.
    if (++quietTurns === COLLECT_AFTER_TURNS) globalThis.gc?.({ execution: "sync", type: "major" });
    return;
  }
  quietTurns = 0;
  process.send?.({ snapshots, endpoints, errors, connected } satisfies SwarmReport);
  [snapshots, endpoints, errors] = [[], [], []];
}, SAY_EVERY_MS);
