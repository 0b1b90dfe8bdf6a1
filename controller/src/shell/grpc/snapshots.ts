/** Control.Snapshots: a proxy's stream from its hello to its end. */
import { Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { clip } from "@regomesh/base";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  type ControllerMessage,
  type Hello,
  type ProxyMessage,
  parseNackClass,
  parseNackReason,
  SNAPSHOT_FORMAT,
} from "@regomesh/protocol";
import { LISTEN_MAX } from "../../distribution/endpoints.ts";
import type { StreamId } from "../../distribution/proxy.ts";
import type { CloseReason } from "../../distribution/state.ts";
import { atExpiry, peerOf, refusalOf, type StreamOptions } from "./caller.ts";
import { type Failure, makeFailure } from "./failure.ts";
import { guard } from "./guard.ts";

const NAME_LENGTH_MAX = 253;
const CONTENT_HASHES_MAX = 1000;
/** More ways to be spoken to than are thought of. */
const TRANSPORTS_MAX = 8;
const TRANSPORT_LENGTH_MAX = 16;
/** Of what a log says of a refusal. */
const PROBLEM_LENGTH_MAX = 500;

const FAILURES = {
  "not-a-member": "forbidden",
  revoked: "forbidden",
  "another-proxy": "invalid",
  late: "late",
  "too-many": "exhausted",
} as const satisfies Partial<Record<CloseReason, Parameters<typeof makeFailure>[0]>>;

type Call = ServerDuplexStream<ProxyMessage, ControllerMessage>;

export function serveSnapshots(call: Call, options: StreamOptions): void {
  const { distributor, log, clock, authority } = options;
  const peer = peerOf(call, authority, clock.nowMs());
  let id: StreamId | undefined;
  let isOpen = true;
  /** The nonce of what was sent last, until it is refused. */
  let awaited: string | undefined;
  const fail = (failure: Failure) => {
    log.log("warn", "a proxy's stream was refused", { reason: failure.details });
    call.emit("error", failure);
  };
  const leave = (isOrderly: boolean) => {
    isOpen = false;
    stopWaiting();
    if (id !== undefined) distributor.close(id, isOrderly);
    id = undefined;
  };
  const stopWaiting =
    peer === undefined
      ? () => {}
      : atExpiry(peer, clock, () => {
          leave(false);
          fail(makeFailure("unauthenticated", "the SVID has ended"));
        });
  const open = (hello: Hello) => {
    const workload = `${hello.namespace}/${hello.workload}`;
    // The proxy knows by this that it is connected, though there may be nothing to send.
    call.sendMetadata(new Metadata());
    const stream = {
      write: (value: Parameters<Parameters<typeof distributor.open>[0]["write"]>[0]) => {
        awaited = value.nonce;
        call.write({ message: { $case: "snapshot", value } });
      },
      renew: () => void call.write({ message: { $case: "renew", value: {} } }),
      certificate: peer,
      close: (reason: CloseReason, message: string) => {
        id = undefined;
        leave(false);
        if (reason === "replaced") call.end();
        else fail(makeFailure(FAILURES[reason], message));
      },
    };
    // Who shows nothing was refused by now.
    if (peer !== undefined) id = distributor.open(stream, workload, peer, hello);
  };
  const take = ({ message }: ProxyMessage) => {
    if (!isOpen) return;
    if (message?.$case === "hello") {
      const failure = checkHello(message.value) ?? refusalOf(peer, workloadOf(message.value), options);
      if (failure !== undefined) {
        leave(true);
        const { instance } = message.value;
        // What its certificate names, not what it says: one proxy is one orphan at most.
        const workload = peer?.workload ?? workloadOf(message.value);
        const isMember = distributor.wanted(workload, peer?.principal)?.principal === peer?.principal;
        if (failure.code === status.PERMISSION_DENIED && peer !== undefined && !isMember)
          distributor.noteStranger(workload, instance, peer.principal);
        return fail(failure);
      }
      if (id === undefined) open(message.value);
      else distributor.hello(id, message.value);
    } else if (id === undefined) fail(makeFailure("invalid", "the first message must be a hello"));
    else if (message?.$case === "ack") distributor.ack(id, message.value);
    else if (message?.$case === "nack") {
      const { class: kind, reason, nonce, problems } = message.value;
      // What answers nothing is not heard of: a proxy may write as many as it likes.
      if (nonce === awaited) {
        awaited = undefined;
        const problem = clip(problems[0]?.message ?? "", PROBLEM_LENGTH_MAX);
        log.log("warn", "a proxy refused a snapshot", {
          class: parseNackClass(kind),
          reason: parseNackReason(reason),
          problem,
        });
      }
      distributor.nack(id, message.value);
    }
  };
  call.on("data", (message: ProxyMessage) => guard(() => take(message), log, fail));
  // A connection that breaks off ends what is read as well: that it did is told right after.
  call.on("end", () =>
    process.nextTick(() => {
      leave(!call.cancelled);
      call.end();
    }),
  );
  call.on("cancelled", () => leave(false));
  call.on("close", () => leave(false));
  call.on("error", () => leave(false));
  if (peer === undefined) fail(makeFailure("unauthenticated", "no SVID that is good now"));
}

function workloadOf({ namespace, workload }: Hello): string {
  return `${namespace}/${workload}`;
}

/** Whether the hello is one that this controller can serve. */
function checkHello(hello: Hello): Failure | undefined {
  const isBounded =
    [hello.workload, hello.namespace, hello.instance, hello.admin].every(({ length }) => length <= NAME_LENGTH_MAX) &&
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
