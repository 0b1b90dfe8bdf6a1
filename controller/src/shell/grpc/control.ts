/** The Control service: snapshots down, ACKs up, endpoints, reports. Every call is its workload's own. */
import type { ControlServer } from "@regomesh/protocol";
import { makeEndpointStreams } from "./endpoints.ts";
import { type ReportOptions, serveReports } from "./reports.ts";
import { serveSnapshots } from "./snapshots.ts";

export type Control = {
  readonly server: ControlServer;
  /** Tells the endpoint streams what has changed. */
  refresh(): void;
};

export function makeControl(options: ReportOptions): Control {
  const endpoints = makeEndpointStreams(options);
  return {
    server: {
      snapshots: (call) => serveSnapshots(call, options),
      endpoints: (call) => endpoints.serve(call),
      report: (call, reply) => serveReports(call, reply, options),
    },
    refresh: () => endpoints.refresh(),
  };
}
