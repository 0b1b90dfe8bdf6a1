/** Control.Report: what a proxy has counted and decided; heard only of proxies that are connected. */
import type { ServerReadableStream, sendUnaryData } from "@grpc/grpc-js";
import type { ProxyReport, ReportReply } from "@regomesh/protocol";
import { peerOf, refusalOf, type StreamOptions } from "./caller.ts";
import { type Failure, makeFailure } from "./failure.ts";
import { guard } from "./guard.ts";

export type ReportOptions = StreamOptions & {
  /** `workload` is `namespace/name`, as the reporter's certificate and the mesh have it. */
  readonly onReport: (workload: string, report: ProxyReport) => void;
};

export function serveReports(
  call: ServerReadableStream<ProxyReport, ReportReply>,
  reply: sendUnaryData<ReportReply>,
  options: ReportOptions,
): void {
  const peer = peerOf(call, options.authority, options.clock.nowMs());
  let isOver = false;
  const finish = (failure: Failure | null) => {
    if (isOver) return;
    isOver = true;
    if (failure === null) reply(null, {});
    else reply(failure);
  };
  const take = (report: ProxyReport) => {
    if (isOver) return;
    const workload = `${report.namespace}/${report.workload}`;
    const failure = refusalOf(peer, workload, options);
    if (failure !== undefined) return finish(failure);
    if (options.distributor.isConnected(workload, report.instance)) options.onReport(workload, report);
  };
  call.on("data", (report: ProxyReport) => guard(() => take(report), options.log, finish));
  call.on("end", () => finish(null));
  call.on("error", () => finish(null));
  if (peer === undefined) finish(makeFailure("unauthenticated", "no SVID that is good now"));
}
