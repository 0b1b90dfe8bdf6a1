/** A proxy in this process with a strict recording backend: what tests with real sockets share. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { SILENT } from "@regomesh/base";
import { type FileEndpoint, makeSnapshotFile, type Snapshot } from "@regomesh/protocol";
import { openProxy, type ProxyOptions, type Sidecar } from "../shell/proxy.ts";
import { makeService, makeSnapshot, makeWorkload } from "./make-snapshot.ts";
import { spoil } from "./spoil.ts";

export type Backend = {
  readonly port: number;
  readonly server: Server;
  readonly seen: string[];
  close(): Promise<void>;
};

/** An HTTP server that answers with what it got, unless it is told otherwise. */
export async function openBackend(answer?: RequestListener): Promise<Backend> {
  const seen: string[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (answer !== undefined) return answer(request, response);
    void readAll(request).then((body) => {
      response.setHeader("content-type", "text/plain");
      response.end(`${request.method} ${request.url} ${request.headers.host} ${body}`);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    seen,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

export type Bench = {
  readonly proxy: Sidecar;
  readonly inbound: number;
  readonly outbound: number;
  apply(snapshot: Snapshot, endpoints?: readonly FileEndpoint[]): Promise<void>;
  close(): Promise<void>;
};

/** Of a proxy of no controller and no name, on free ports. */
export function plainOptions(appPort: number | undefined): ProxyOptions {
  return {
    log: SILENT,
    workload: undefined,
    namespace: "default",
    appPort,
    edge: undefined,
    outboundPort: 0,
    accessLog: undefined,
    workers: 1,
    state: undefined,
  };
}

/** A proxy in plaintext whose application and service `orders` are what the ports say. */
export async function openBench(
  appPort: number,
  ordersPorts: readonly number[] = [appPort],
  change: Partial<ProxyOptions> = {},
  snapshot: Snapshot = makeSnapshot(makeWorkload({ outbound: [makeService("orders")] })),
): Promise<Bench> {
  const proxy = await openProxy({
    ...plainOptions(appPort),
    // Clients here half-close, and wait for what takes its time.
    timeouts: { leftMs: 60_000 },
    sockets: { afterRead: spoil },
    ...change,
  });
  const apply = async (next: Snapshot, endpoints = ordersPorts.map(makeOrders)): Promise<void> =>
    await proxy.applyFile(makeSnapshotFile(next, [], endpoints));
  await apply(snapshot);
  return {
    proxy,
    inbound: proxy.addresses.inbound["http"]?.port ?? 0,
    outbound: proxy.addresses.outbound.port,
    apply,
    close: () => proxy.close(),
  };
}

export function makeOrders(port: number, version: unknown = "v1"): FileEndpoint {
  return {
    service: "orders.default",
    address: "127.0.0.1",
    port,
    workload: `orders-${port}`,
    principal: "",
    labels: { version: typeof version === "string" ? version : "v1" },
    portName: "http",
  };
}

/** A raw client: writes bytes, gathers what comes until the connection closes. */
export class Client {
  readonly socket: Socket;
  text = "";
  #waiting: (() => void)[] = [];
  readonly closed: Promise<void>;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (chunk: string) => {
      this.text += chunk;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.socket.on("error", () => {});
    this.closed = new Promise((done) => {
      this.socket.on("close", () => {
        done();
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Until the text holds `part`; what was gathered where the connection closes first. */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part) && !this.socket.closed)
      await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** One exchange on a connection of its own, half-closed after the bytes. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const client = new Client(port);
  client.socket.end(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  await client.closed;
  return client.text;
}

/** Status lines of what came, in order. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}
