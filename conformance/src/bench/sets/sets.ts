/** Every set of contenders, and the loads that each is put under: a row each. */
import type { Load } from "../load/load.ts";
import type { Spoken } from "../peers/hop.ts";
import { openChain } from "./chain.ts";
import { openHop } from "./hop.ts";
import type { Contender, Stage } from "./scene.ts";

export type LoadKind = {
  readonly name: string;
  readonly target: string;
  readonly change: Pick<Load, "perSecond" | "isChurn">;
};

export type ContenderSet = {
  /** As `--only` names it. */
  readonly name: string;
  readonly title: string;
  readonly client: Spoken;
  open(stage: Stage): Promise<readonly Contender[]>;
  readonly loads: readonly LoadKind[];
  /** Of the last contender, by CPU under the first load, against the first contender; `--check` asks for it. */
  readonly floor: number;
};

const KIBIBYTE: LoadKind = { name: "1 KiB, as fast as it goes", target: "/api/orders/42", change: {} };
const CALL: LoadKind = { ...KIBIBYTE, target: "/api/orders" };
const LARGE: LoadKind = { name: "1 MiB, as fast as it goes", target: "/api/orders/large", change: {} };
const CHURN: LoadKind = { ...KIBIBYTE, name: "1 KiB, a connection for each request", change: { isChurn: true } };

function atRate(perSecond: number): LoadKind {
  return { ...KIBIBYTE, name: `1 KiB, ${perSecond.toLocaleString("en")} a second`, change: { perSecond } };
}

const RATES = [atRate(2000), atRate(10_000)];

export const SETS: readonly ContenderSet[] = [
  {
    name: "hop",
    title: "One hop, HTTP/1.1",
    client: "http1",
    open: (stage) => openHop(stage, { client: "http1", upstream: "http1", workers: 1 }),
    loads: [KIBIBYTE, ...RATES, LARGE, CHURN],
    floor: 0.75,
  },
  {
    name: "workers",
    title: "One hop, HTTP/1.1, two workers on both cores",
    client: "http1",
    open: (stage) => openHop(stage, { client: "http1", upstream: "http1", workers: 2 }),
    loads: [KIBIBYTE],
    floor: 0.6,
  },
  {
    name: "h2",
    title: "One hop, HTTP/2 in, HTTP/1.1 out",
    client: "http2",
    open: (stage) => openHop(stage, { client: "http2", upstream: "http1", workers: 1 }),
    loads: [KIBIBYTE, atRate(10_000), LARGE],
    floor: 0.75,
  },
  {
    name: "h2-h2",
    title: "One hop, HTTP/2 in and out",
    client: "http2",
    open: (stage) => openHop(stage, { client: "http2", upstream: "http2", workers: 1 }),
    loads: [KIBIBYTE],
    floor: 0.75,
  },
  {
    name: "grpc",
    title: "One hop, gRPC, unary",
    client: "grpc",
    open: (stage) => openHop(stage, { client: "grpc", upstream: "grpc", workers: 1 }),
    loads: [CALL],
    floor: 1,
  },
  {
    name: "chain",
    title: "Two sidecars, mTLS between, HTTP/1.1",
    client: "http1",
    open: (stage) => openChain(stage, { client: "http1", upstream: "http1" }),
    loads: [KIBIBYTE, ...RATES, LARGE],
    floor: 1.1,
  },
  {
    name: "chain-h2",
    title: "Two sidecars, mTLS between, HTTP/2 clients",
    client: "http2",
    open: (stage) => openChain(stage, { client: "http2", upstream: "http1" }),
    loads: [KIBIBYTE],
    floor: 1,
  },
  {
    name: "chain-grpc",
    title: "Two sidecars, mTLS between, gRPC, unary",
    client: "grpc",
    open: (stage) => openChain(stage, { client: "grpc", upstream: "grpc" }),
    loads: [CALL],
    floor: 1,
  },
];
