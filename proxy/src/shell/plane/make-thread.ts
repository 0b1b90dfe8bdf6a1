/** Makes what one thread shares: the only place in the data path where clock and randomness are real. */
import { randomBytes } from "node:crypto";
import type { Log } from "@regomesh/base";
import { makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { makeBucketMemory, openBucketTable } from "../../limit/token-bucket.ts";
import { SlabPool } from "../../message/slab-pool.ts";
import { Counter, Counters } from "../../metrics/counters.ts";
import { EdgeTable } from "../../metrics/edge-table.ts";
import { GrpcCallTable } from "../../metrics/grpc-calls.ts";
import { HandshakeTable } from "../../metrics/handshakes.ts";
import { OwnAnswerTable } from "../../metrics/own-answers.ts";
import { ShadowTable } from "../../metrics/shadow-table.ts";
import { DecisionIds } from "../../record/decision-id.ts";
import { DecisionRing, INTERVAL_MS } from "../../record/decision-ring.ts";
import { Timer, TimerWheel } from "../../time/timer-wheel.ts";
import type { AccessLog } from "../admin/access-log.ts";
import { ModuleThread } from "../module/module-thread.ts";
import { countFault } from "../net/faulty.ts";
import { openNativeAccepts } from "../net/native-accept.ts";
import { openNativeReads, READ_BYTES } from "../net/native-read.ts";
import { openNativeWrites } from "../net/native-write.ts";
import { Turn } from "../net/turn.ts";
import { Composer } from "../request/composer.ts";
import { RequestIds } from "../request/request-ids.ts";
import { HeldClock } from "./held-clock.ts";
import type { Thread } from "./thread.ts";

/** Live limit keys of a proxy: 512 KiB for all its threads. */
const BUCKET_SLOTS = 65_536;

/** How sockets are read and written; tests try every way. */
export type SocketOptions = Partial<Pick<Thread, "readsInto" | "writesThrough" | "afterRead">> & {
  readonly writesNatively?: boolean;
  readonly readsNatively?: boolean;
  readonly acceptsNatively?: boolean;
};

/** The memory that all threads of a process share. */
export function makeSharedMemory(): SharedArrayBuffer {
  const key = randomBytes(8);
  return makeBucketMemory(BUCKET_SLOTS, [key.readInt32LE(0), key.readInt32LE(4)]);
}

export function makeThread(options: {
  readonly log: Log;
  readonly shared: SharedArrayBuffer;
  readonly accessLog: AccessLog | undefined;
  readonly sockets?: SocketOptions | undefined;
  /** Tests set the time. */
  readonly wallMs?: (() => number) | undefined;
}): Thread {
  const clock = new HeldClock(monotonicClock(), Date.now);
  const { monoMs } = clock;
  const wallMs = options.wallMs ?? clock.wallMs;
  const wheel = makeWheel(monoMs);
  const counters = new Counters();
  const renewal = new Timer(() => decisions.renew(), { onFault: () => {} });
  const decisions = new DecisionRing(() => wheel.arm(renewal, INTERVAL_MS));
  options.accessLog?.onLost((lines) => counters.add(Counter.logLinesDropped, lines), options.log);
  const nativeWrites = (options.sockets?.writesNatively ?? true) ? openNativeWrites() : undefined;
  const nativeReads = (options.sockets?.readsNatively ?? true) ? openNativeReads() : undefined;
  const nativeAccepts =
    (options.sockets?.acceptsNatively ?? true) ? openNativeAccepts(sayOnce(options.log)) : undefined;
  return {
    log: options.log,
    random: Math.random,
    clock,
    monoMs,
    wallMs,
    ...wheel,
    slabs: new SlabPool(undefined, nativeWrites?.makeSlab),
    turn: new Turn(nativeReads, (error) =>
      countFault(
        { counters, log: options.log },
        error,
        "a fault in reading past Node, which reads all sockets from here on",
      ),
    ),
    readBuffer: nativeReads?.buffer ?? Buffer.allocUnsafeSlow(READ_BYTES),
    nativeReads,
    nativeAccepts,
    readsInto: options.sockets?.readsInto ?? true,
    writesThrough: options.sockets?.writesThrough ?? true,
    nativeWrites,
    afterRead: options.sockets?.afterRead,
    composer: new Composer(),
    ids: new DecisionIds(Math.random),
    requestIds: new RequestIds(),
    buckets: openBucketTable(options.shared),
    edges: new EdgeTable(),
    ownAnswers: new OwnAnswerTable(),
    shadows: new ShadowTable(),
    grpcCalls: new GrpcCallTable(),
    handshakes: new HandshakeTable(),
    counters,
    decisions,
    accessLog: options.accessLog,
    modules: new ModuleThread(),
    loadBuiltins: makeBuiltinLoader({ nowMs: wallMs }),
  };
}

/** Of what goes on for as long as clients come. */
function sayOnce(log: Log): () => void {
  let isSaid = false;
  return () => {
    if (isSaid) return;
    isSaid = true;
    const wayOut = "raise the process's limit of open files";
    log.log("warn", "no descriptor is left: who connects meanwhile is refused", { wayOut });
  };
}

/** performance.now counts from the start of its thread; CLOCK_MONOTONIC is one for all of them. */
function monotonicClock(): () => number {
  // The global is made when it is first asked for, and found by that way each time.
  const { performance } = globalThis;
  const [seconds, nanoseconds] = process.hrtime();
  const offset = seconds * 1000 + nanoseconds / 1e6 - performance.now();
  return () => performance.now() + offset;
}

function makeWheel(monoMs: () => number): Pick<Thread, "arm" | "disarm"> {
  let alarm: NodeJS.Timeout | undefined;
  const wake = (atMs: number): void => {
    clearTimeout(alarm);
    alarm = setTimeout(look, Math.max(1, Math.ceil(atMs - monoMs())));
    alarm.unref();
  };
  const wheel = new TimerWheel(monoMs(), wake);
  // What is over now is so once what has come by now is read: to a thread that was busy all have been silent, and no
  // connection was made. What is over when that is read waits for what came until then: reading may have taken long.
  const look = (): void => {
    const nowMs = monoMs();
    setImmediate(() => {
      const next = wheel.advance(nowMs);
      if (next !== undefined) wake(next);
    });
  };
  return {
    arm: (timer, afterMs) => wheel.arm(timer, monoMs(), afterMs),
    disarm: (timer) => {
      if (timer.dueTick >= 0) wheel.disarm(timer);
    },
  };
}
