/** A request as its stream sees it: plays of what happens to it, and what it asks of its stream and leaves behind. */
import { SILENT } from "@regomesh/base";
import { expect, test } from "vitest";
import { withoutPolicy } from "../../decide/authorize.ts";
import type { Reason } from "../../filter/reason.ts";
import type { Head } from "../../http1/head.ts";
import { HeadReader } from "../../http1/head-reader.ts";
import { DEFAULT_CODEC_LIMITS } from "../../http1/limits.ts";
import { RequestReader } from "../../http1/request-reader.ts";
import { makeCluster } from "../../route/cluster.ts";
import type { Forwarding } from "../../stream/forwarding.ts";
import { makeService } from "../../test/make-snapshot.ts";
import { makeSharedMemory, makeThread } from "../plane/make-thread.ts";
import type { Answer } from "./answer.ts";
import { ClientRequest, type ClientStream } from "./client-request.ts";

type Decision = "refuse" | "forward" | "wait" | "throw";
type Event = "head" | "content" | "end" | "garbage" | "stalls" | "goes" | "quiet" | "busy";
type Play = { readonly decision: Decision; readonly steps: readonly (readonly [Event, string])[] };

const PLAYS: Readonly<Record<string, Play>> = {
  "one that is refused before its content has come: that is read, and thrown away": {
    decision: "refuse",
    steps: [
      ["head", "answers 403, resumes"],
      ["content", ""],
      ["end", "ends denied 403"],
    ],
  },
  "one that nobody can serve": {
    decision: "forward",
    steps: [
      ["head", "answers 503, resumes"],
      ["end", "ends broken 503"],
    ],
  },
  "while nobody has decided, its content waits, and what goes wrong is said": {
    decision: "wait",
    steps: [
      ["head", ""],
      ["content", ""],
      ["stalls", "closes after, answers 408, resumes, ends invalid 408"],
    ],
  },
  "garbage behind an answer ends what is left of it": {
    decision: "refuse",
    steps: [
      ["head", "answers 403, resumes"],
      ["garbage", "closes after, ends denied 403"],
    ],
  },
  "garbage within it": {
    decision: "wait",
    steps: [
      ["head", ""],
      ["garbage", "closes after, answers 400, resumes, ends invalid 400"],
    ],
  },
  "garbage in its place": {
    decision: "wait",
    steps: [["garbage", "closes after, answers 400, resumes, ends invalid 400"]],
  },
  "a fault of our own is its 500, and the last": {
    decision: "throw",
    steps: [["head", "closes after, answers 500, resumes, ends broken 500"]],
  },
  "a client that goes while it is decided leaves a record": {
    decision: "wait",
    steps: [
      ["head", ""],
      ["goes", "ends abandoned 499"],
    ],
  },
  "a client that goes behind an answer keeps the answer's": {
    decision: "refuse",
    steps: [
      ["head", "answers 403, resumes"],
      ["goes", "ends denied 403"],
    ],
  },
  "one whose client says nothing gives way to who waits": {
    decision: "wait",
    steps: [
      ["head", ""],
      ["busy", ""],
      ["quiet", "closes after, answers 408, resumes, ends invalid 408"],
    ],
  },
  "a stream carries one after the other": {
    decision: "refuse",
    steps: [
      ["head", "answers 403, resumes"],
      ["end", "ends denied 403"],
      ["head", "answers 403, resumes"],
      ["end", "ends denied 403"],
      ["goes", ""],
    ],
  },
};

function readHead(): Head {
  const reader = new RequestReader();
  const bytes = Buffer.from("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  reader.next(bytes, 0, bytes.length);
  return reader.head;
}

function noTrailers(): Head {
  const reader = new HeadReader("trailers", DEFAULT_CODEC_LIMITS);
  reader.feed(Buffer.from("\r\n"), 0, 2);
  return reader.head;
}

/** Everything that its request asks of it. */
class PlayedStream implements ClientStream {
  did: string[] = [];
  isQuiet = false;
  isLast = false;
  readonly isFull = false;
  onDrain: (() => void) | undefined = undefined;
  request: ClientRequest | undefined = undefined;

  isQuietFor = (): boolean => this.isQuiet;
  takesNothing = (): boolean => false;
  closeAfter = (): void => {
    if (!this.isLast) this.did.push("closes after");
    this.isLast = true;
  };
  answer = ({ status }: Answer, _madeBy: Reason | ""): number => this.did.push(`answers ${status}`);
  resume = (): void => void this.did.push("resumes");
  reset = (): void => void this.did.push("resets");
  pause(): void {}
  retire(): void {}
  sendInterim(): void {}
  sendHead(): void {}
  sendContent(): void {}
  sendEnd(): void {}

  /** As a codec does whose connection need not be read to its end. */
  settle(): void {
    const { request } = this;
    if (request?.isResponded && (request.isWhole || this.isLast)) request.end();
  }
}

test.each(Object.entries(PLAYS))("%s", (_, { decision, steps }) => {
  const thread = makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined });
  const stream = new PlayedStream();
  const cluster = makeCluster(makeService("orders"), [], () => -1);
  const handler = {
    isDraining: false,
    handle: (request: ClientRequest) => {
      if (decision === "throw") throw new Error("ours");
      if (decision === "refuse") request.respond("denied", "");
      const authorization = withoutPolicy("allow");
      if (decision !== "forward" || authorization.kind !== "permitted") return;
      request.exchange.begin(authorization.permit, planOf(cluster));
    },
    onRecord: ({ record }: ClientRequest) => void stream.did.push(`ends ${record.verdict} ${record.status}`),
  };
  const context = {
    scheme: "http",
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    sourceAddress: "",
    sourcePort: 0,
    destinationAddress: "",
    destinationPort: 0,
    destinationPrincipal: undefined,
  } as const;
  const request = new ClientRequest(thread, handler, stream, { context, peer: undefined });
  stream.request = request;
  const seen = steps.map(([event]) => {
    stream.did = [];
    play(request, stream, event);
    return [event, stream.did.join(", ")];
  });
  request.gone();
  expect(seen).toEqual(steps);
  expect([thread.slabs.heldBytes, cluster.budget.active]).toEqual([0, 0]);
});

function play(request: ClientRequest, stream: PlayedStream, event: Event): void {
  switch (event) {
    case "head":
      try {
        request.begin(readHead());
      } catch (error) {
        request.onFault(error);
      }
      return void request.start();
    case "content":
      return void request.content(Buffer.from("abc"), 0, 3);
    case "end":
      return void request.contentEnd(noTrailers());
    case "garbage":
      return void request.refuseInput("bad_request", "");
    case "stalls":
      return void request.giveUp("request_timeout", "");
    case "goes":
      return void request.gone();
    case "busy":
    case "quiet":
      stream.isQuiet = event === "quiet";
      return void request.yieldIfQuiet(1000);
  }
}

function planOf(cluster: Forwarding["cluster"]): Forwarding {
  const group = cluster.groups.get("");
  if (group === undefined) throw new Error("a cluster has its whole");
  return {
    cluster,
    group,
    timeoutMs: 0,
    perTryMs: 0,
    waitMs: 0,
    attempts: 0,
    retryOn: [],
    isApplication: false,
    hashKey: undefined,
    mirror: undefined,
    requestChanges: undefined,
    responseChanges: undefined,
    elsewhere: undefined,
    refresh: () => {},
    poolOf: () => {
      throw new Error("there is no endpoint");
    },
  };
}
