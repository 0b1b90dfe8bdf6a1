/** What everything on one thread shares: buffers, time, randomness, counters, the record of what happened. */
import type { Log, Random } from "@regomesh/base";
import type { LoadBuiltins } from "@regomesh/policy-runtime/node";
import type { BucketTable } from "../../limit/token-bucket.ts";
import type { SlabPool } from "../../message/slab-pool.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { EdgeTable } from "../../metrics/edge-table.ts";
import type { GrpcCallTable } from "../../metrics/grpc-calls.ts";
import type { HandshakeTable } from "../../metrics/handshakes.ts";
import type { OwnAnswerTable } from "../../metrics/own-answers.ts";
import type { ShadowTable } from "../../metrics/shadow-table.ts";
import type { DecisionIds } from "../../record/decision-id.ts";
import type { DecisionRing } from "../../record/decision-ring.ts";
import type { Timer } from "../../time/timer-wheel.ts";
import type { AccessLog } from "../admin/access-log.ts";
import type { ModuleThread } from "../module/module-thread.ts";
import type { NativeAccepts } from "../net/native-accept.ts";
import type { NativeReads } from "../net/native-read.ts";
import type { NativeWrites } from "../net/native-write.ts";
import type { Turn } from "../net/turn.ts";
import type { Composer } from "../request/composer.ts";
import type { RequestIds } from "../request/request-ids.ts";
import type { HeldClock } from "./held-clock.ts";

export type Thread = {
  readonly log: Log;
  readonly random: Random;
  /** Held while a callback deals with what a socket gave. */
  readonly clock: HeldClock;
  /** Monotonic milliseconds of `clock`, the same count in every thread of the process. */
  readonly monoMs: () => number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: () => number;
  readonly arm: (timer: Timer, afterMs: number) => void;
  readonly disarm: (timer: Timer) => void;
  readonly slabs: SlabPool;
  readonly turn: Turn;
  /** Every socket reads into this; a callback takes what it needs before it returns. */
  readonly readBuffer: Buffer;
  /** Plain sockets that are read into it, past Node, where this Node and system let us. */
  readonly nativeReads: NativeReads | undefined;
  /** Connections of a crowd taken past Node, where this Node and system let us. */
  readonly nativeAccepts: NativeAccepts | undefined;
  /** Accepted sockets too, where this Node lets them. */
  readonly readsInto: boolean;
  /** Sockets are written to past Node's streams, where this Node lets us. */
  readonly writesThrough: boolean;
  /** Plain ones by the system's own call, where this Node and system let us. */
  readonly nativeWrites: NativeWrites | undefined;
  /** Called after each read: tests spoil the buffer, so that whoever kept a view of it is found out. */
  readonly afterRead: ((buffer: Buffer) => void) | undefined;
  readonly composer: Composer;
  readonly ids: DecisionIds;
  readonly requestIds: RequestIds;
  readonly buckets: BucketTable;
  readonly edges: EdgeTable;
  readonly ownAnswers: OwnAnswerTable;
  readonly shadows: ShadowTable;
  readonly grpcCalls: GrpcCallTable;
  readonly handshakes: HandshakeTable;
  readonly counters: Counters;
  readonly decisions: DecisionRing;
  readonly accessLog: AccessLog | undefined;
  /** Compiles and opens modules while this one serves. */
  readonly modules: ModuleThread;
  /** Brings built-ins to policies; tokens already verified are known to all policies of the thread. */
  readonly loadBuiltins: LoadBuiltins;
};
