/** The Control service: snapshots down, ACKs up, endpoints, reports. Every call is its workload's own. */
import {
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Clock, Log } from "@regomesh/base";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  type ControllerMessage,
  type ControlServer,
  type EndpointsRequest,
  type EndpointsUpdate,
  type Hello,
  type ProxyMessage,
  type ProxyReport,
  type ReportReply,
  SNAPSHOT_FORMAT,
} from "@regomesh/protocol";
import { changedServices, LISTEN_MAX } from "../../distribution/endpoints.ts";
import type { Authority } from "../ca/authority.ts";
import { callerOf } from "./credentials.ts";
import { type Failure, makeFailure } from "./failure.ts";
import type { Proxies, Stream } from "./proxies.ts";

const NAME_LENGTH_MAX = 253;
const CONTENT_HASHES_MAX = 1000;
/** More ways to be spoken to than are thought of. */
const TRANSPORTS_MAX = 8;
const TRANSPORT_LENGTH_MAX = 16;

export type ControlOptions = {
  readonly authority: Authority;
  readonly proxies: Proxies;
  readonly clock: Clock;
  readonly log: Log;
  readonly onReport: (workload: string, report: ProxyReport) => void;
};

export type Control = {
  readonly server: ControlServer;
  /** Sends the endpoint streams what has changed. */
  refresh(): void;
};

export function makeControl(options: ControlOptions): Control {
  const watchers = new Set<() => void>();
  return {
    server: {
      snapshots: (call) => serveSnapshots(call, options),
      endpoints: (call) => serveEndpoints(call, options, watchers),
      report: (call, reply) => serveReports(call, reply, options),
    },
    refresh() {
      for (const update of watchers) update();
    },
  };
}

function serveSnapshots(call: ServerDuplexStream<ProxyMessage, ControllerMessage>, options: ControlOptions): void {
  const { proxies, log } = options;
  let stream: Stream | undefined;
  const fail = (failure: Failure) => {
    log.log("warn", "a proxy's stream was refused", { reason: failure.details });
    call.emit("error", failure);
  };
  const close = (isOrderly: boolean) => {
    if (stream !== undefined) proxies.close(stream, isOrderly);
    stream = undefined;
  };
  const hear = ({ message }: ProxyMessage) => {
    if (message?.$case === "hello") {
      const failure = checkHello(message.value, call, options);
      if (failure !== undefined) {
        close(true);
        return fail(failure);
      }
      if (stream === undefined) {
        stream = {
          workload: `${message.value.namespace}/${message.value.workload}`,
          principal: callerOf(call, options.authority, options.clock.nowMs()) ?? "",
          refuse: (reason) => {
            close(true);
            fail(makeFailure("forbidden", reason));
          },
          write: (value) => call.write({ message: { $case: "snapshot", value } }),
        };
        // The proxy knows by this that it is connected, though there may be nothing to send.
        call.sendMetadata(new Metadata());
        proxies.open(stream, message.value);
      } else if (!proxies.hear(stream, message.value)) {
        fail(makeFailure("invalid", "a stream is one proxy's: a later hello named another"));
      }
    } else if (stream === undefined) fail(makeFailure("invalid", "the first message must be a hello"));
    else if (message?.$case === "ack") proxies.ack(stream, message.value);
    else if (message?.$case === "nack") {
      log.log("warn", "a proxy refused a snapshot", {
        workload: stream.workload,
        problem: message.value.problems[0]?.message,
      });
      proxies.nack(stream, message.value);
    }
  };
  call.on("data", (message: ProxyMessage) => guard(() => hear(message), log, fail));
  call.on("drain", () => {
    if (stream !== undefined) proxies.flush(stream);
  });
  call.on("end", () => {
    close(true);
    call.end();
  });
  call.on("cancelled", () => close(false));
  call.on("close", () => close(false));
  call.on("error", () => close(false));
}

function serveEndpoints(
  call: ServerWritableStream<EndpointsRequest, EndpointsUpdate>,
  options: ControlOptions,
  watchers: Set<() => void>,
): void {
  const { workload, namespace } = call.request;
  const failure = checkWorkload(`${namespace}/${workload}`, call, options);
  if (failure !== undefined) return void call.emit("error", failure);
  const said = new Map<string, string>();
  let isComplete = false;
  let isFull = false;
  const update = () => {
    const all = options.proxies.endpoints();
    if (all === undefined || isFull) return;
    // Services come and go with revisions: then the whole state is said again.
    const isWhole = !isComplete || said.size !== all.length || all.some(({ service }) => !said.has(service));
    const changed = isWhole ? all : changedServices(said, all);
    if (changed.length === 0 && !isWhole) return;
    if (isWhole) said.clear();
    for (const { service, endpoints } of changed) said.set(service, JSON.stringify(endpoints));
    isComplete = true;
    isFull = !call.write({ services: [...changed], complete: isWhole });
  };
  const stop = () => void watchers.delete(update);
  watchers.add(update);
  call.on("drain", () => {
    isFull = false;
    update();
  });
  call.on("cancelled", stop);
  call.on("close", stop);
  call.on("error", stop);
  update();
}

function serveReports(
  call: ServerReadableStream<ProxyReport, ReportReply>,
  reply: sendUnaryData<ReportReply>,
  options: ControlOptions,
): void {
  let isOver = false;
  const finish = (failure: Failure | null) => {
    if (isOver) return;
    isOver = true;
    if (failure === null) reply(null, {});
    else reply(failure);
  };
  const hear = (report: ProxyReport) => {
    if (isOver) return;
    const workload = `${report.namespace}/${report.workload}`;
    const failure = checkWorkload(workload, call, options);
    if (failure !== undefined) finish(failure);
    else options.onReport(workload, report);
  };
  call.on("data", (report: ProxyReport) => guard(() => hear(report), options.log, finish));
  call.on("end", () => finish(null));
  call.on("error", () => finish(null));
}

/** A fault of ours in one message ends that message's stream, not the controller. */
function guard(action: () => void, log: Log, fail: (failure: Failure) => void): void {
  try {
    action();
  } catch (error) {
    log.log("error", "a proxy's message could not be dealt with", { error: (error as Error).stack });
    fail(makeFailure("internal", "the controller failed"));
  }
}

type AnyCall = Parameters<typeof callerOf>[0];

/** Undefined where the caller may speak for the workload. */
function checkWorkload(workload: string, call: AnyCall, options: ControlOptions): Failure | undefined {
  const caller = callerOf(call, options.authority, options.clock.nowMs());
  if (caller === undefined) return makeFailure("unauthenticated", "no SVID that is good now");
  if (options.proxies.release === undefined) return makeFailure("unavailable", "there is no revision yet");
  const wanted = options.proxies.wanted(workload);
  if (wanted?.principal !== caller)
    return makeFailure("forbidden", `${caller} is not workload ${workload.slice(0, 300)}`);
  return undefined;
}

function checkHello(hello: Hello, call: AnyCall, options: ControlOptions): Failure | undefined {
  const isBounded =
    hello.workload.length <= NAME_LENGTH_MAX &&
    hello.namespace.length <= NAME_LENGTH_MAX &&
    hello.instance.length <= NAME_LENGTH_MAX &&
    hello.listen.length <= LISTEN_MAX &&
    hello.listen.every(
      ({ portName, address, transports }) =>
        portName.length <= NAME_LENGTH_MAX &&
        address.length <= NAME_LENGTH_MAX &&
        transports.length <= TRANSPORTS_MAX &&
        transports.every((transport) => transport.length <= TRANSPORT_LENGTH_MAX),
    ) &&
    (hello.holding?.contentHashes.length ?? 0) <= CONTENT_HASHES_MAX;
  if (!isBounded) return makeFailure("invalid", "the hello is too large");
  const failure = checkWorkload(`${hello.namespace}/${hello.workload}`, call, options);
  if (failure !== undefined) return failure;
  if (hello.moduleAbi !== MODULE_ABI) {
    return makeFailure(
      "unfit",
      `the proxy runs module ABI ${hello.moduleAbi}, this controller's modules have ${MODULE_ABI}`,
    );
  }
  if (!hello.snapshotFormats.includes(SNAPSHOT_FORMAT)) {
    return makeFailure("unfit", `the proxy does not read snapshot format ${SNAPSHOT_FORMAT}`);
  }
  return undefined;
}
