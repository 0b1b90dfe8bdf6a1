/**
 * Control.Endpoints: where every service listens, whole first and then what changes. Whoever
 * listens is asked for its right again at each change, and at the end of its certificate.
 */
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { EndpointsRequest, EndpointsUpdate } from "@regomesh/protocol";
import { EMPTY_TABLE, type EndpointTable, keptServices, scopeOf } from "../../distribution/endpoints.ts";
import { makeTeller, type Told } from "../../distribution/tell-endpoints.ts";
import { atExpiry, peerOf, refusalOf, type StreamOptions } from "./caller.ts";
import { guard } from "./guard.ts";
import { makePaced } from "./pace.ts";
import { makeTurns } from "./turns.ts";

export type EndpointStreams = {
  serve(call: ServerWritableStream<EndpointsRequest, EndpointsUpdate>): void;
  /** Tells every stream what has changed. */
  refresh(): void;
};

/** Of listeners that are told all of it, so many in one turn. */
const WHOLE_EACH_TURN = 16;

export function makeEndpointStreams(options: StreamOptions): EndpointStreams {
  const listeners = new Set<() => void>();
  const tell = makeTeller();
  const whole = makeTurns<() => void>(WHOLE_EACH_TURN, (update) => {
    if (listeners.has(update)) update();
  });
  const noteKept = makeKeptNote(options.log);
  let before: readonly unknown[] = [];
  let isAsked = false;
  const round = makePaced(() => {
    const { distributor } = options;
    // Who may listen, and what there is to be told, change by these alone; a certificate's end is waited for.
    const now = [distributor.endpoints().version, distributor.isLearning, ...distributor.membership()];
    if (now.every((each, at) => each === before[at])) return 0;
    const hasLearnt = before[1] === true && !distributor.isLearning;
    before = now;
    noteKept(distributor.endpoints());
    if (hasLearnt) whole.add(listeners);
    // Who waits to be told all hears of this, too, when it is his turn.
    else for (const update of [...listeners]) if (!whole.has(update)) update();
    return 0;
  });
  return {
    serve: (call) => serveEndpoints(call, { ...options, tell }, listeners),
    // After this turn: the first of what is sent of a new revision goes out before.
    refresh: () => {
      if (isAsked) return;
      isAsked = true;
      setImmediate(() => {
        isAsked = false;
        round();
      });
    },
  };
}

/** Services that are named in one line of the log. */
const NAMED_MAX = 20;

/** Says it once when the last proxy of services is lost and their endpoints are kept, and when that is over. */
function makeKeptNote(log: StreamOptions["log"]): (table: EndpointTable) => void {
  let known: ReadonlySet<string> = new Set();
  return (table) => {
    const now = new Set(keptServices(table));
    const [come, gone] = [now.difference(known), known.difference(now)];
    const named = (services: ReadonlySet<string>) => ({
      services: [...services].slice(0, NAMED_MAX).join(" "),
      count: services.size,
    });
    if (come.size > 0) log.log("warn", "no proxy is connected of services: their last endpoints are kept", named(come));
    if (gone.size > 0) log.log("info", "endpoints of services are no longer kept without a proxy", named(gone));
    known = now;
  };
}

function serveEndpoints(
  call: ServerWritableStream<EndpointsRequest, EndpointsUpdate>,
  options: StreamOptions & { readonly tell: ReturnType<typeof makeTeller> },
  listeners: Set<() => void>,
): void {
  const { authority, clock, distributor, log } = options;
  const workload = `${call.request.namespace}/${call.request.workload}`;
  const peer = peerOf(call, authority, clock.nowMs());
  const takesDelta = call.request.features.includes("delta");
  let told: Told | undefined;
  let isFull = false;
  const check = (): boolean => {
    const failure = refusalOf(peer, workload, options);
    if (failure === undefined) return true;
    stop();
    call.emit("error", failure);
    return false;
  };
  const update = () =>
    guard(
      () => {
        if (!check() || isFull) return;
        const table = distributor.endpoints();
        if (table === EMPTY_TABLE) return;
        const now = { table, scope: scopeOf(table, workload), isLearning: distributor.isLearning };
        const message = options.tell(told, now, takesDelta);
        told = now;
        if (message !== undefined) isFull = !call.write(message);
      },
      log,
      (failure) => {
        stop();
        call.emit("error", failure);
      },
    );
  const stopWaiting = peer === undefined ? () => {} : atExpiry(peer, clock, () => void check());
  const stop = () => {
    listeners.delete(update);
    stopWaiting();
  };
  if (!check()) return;
  listeners.add(update);
  call.on("drain", () => {
    isFull = false;
    update();
  });
  call.on("cancelled", stop);
  call.on("close", stop);
  call.on("error", stop);
  update();
}
