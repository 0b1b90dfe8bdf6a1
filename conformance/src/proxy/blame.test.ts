/** Who failed decides what counts: clients that stall or leave, the mesh itself, and endpoints that break off. */
import { Counter, EDGE_COUNTERS } from "@regomesh/proxy/test";
import { afterEach, expect, test } from "vitest";
import {
  endpointAt,
  openStand,
  outcomes,
  reasonsOf,
  SHORT,
  SOON_MS,
  type Stand,
  type StandOptions,
} from "./stand/stand.ts";
import { dial, echo, exchange, type Part, Played, response } from "./stand/wire.ts";
import { eventually, within } from "./stand/within.ts";

const DEADLINE_MS = 150;
const NO_RETRY = { attempts: 0, perTryMs: undefined, on: [], budgetPercent: 20, budgetMin: 3 } as const;
const BREAKER = { failuresMax: 2, openMs: 60_000, openMaxMs: 60_000 };

const open: Played[] = [];
afterEach(async () => {
  for (const played of open.splice(0)) await played.close();
});

async function play(part: Part): Promise<Played> {
  const played = await Played.open(part);
  open.push(played);
  return played;
}

/** A stand whose service has these endpoints; two, so that one may be ejected. */
async function standOf(
  parts: readonly Part[],
  options: StandOptions = {},
): Promise<{ stand: Stand; played: Played[] }> {
  const played = await Promise.all(parts.map(play));
  const stand = await openStand({
    app: played[0]?.port ?? 0,
    orders: played.map(({ port }) => endpointAt(port)),
    ...options,
    traffic: { requestTimeoutMs: DEADLINE_MS, retry: NO_RETRY, breaker: BREAKER, ...options.traffic },
  });
  return { stand, played };
}

const breakersOf = async (stand: Stand): Promise<readonly string[]> =>
  (await stand.proxy.plane.read()).endpoints.map(({ breaker }) => breaker);

const waits: Part = () => {};
/** Waits where it is asked for `/hang`, and answers otherwise. */
const hangs: Part = async (wire) => {
  for (;;) {
    const head = await wire.until("\r\n\r\n", 600_000).catch(() => undefined);
    if (head === undefined || head.includes("/hang")) return;
    if (head.startsWith("POST") && (await wire.until("abcdef", 600_000).catch(() => undefined)) === undefined) return;
    wire.text = "";
    wire.write(response(head.split(" HTTP")[0] ?? ""));
  }
};

/** As much time as a request's deadline takes, told by the proxy's own clock. */
async function aDeadlinePasses(stand: Stand): Promise<void> {
  expect(reasonsOf(await stand.askOrders("/hang"))).toEqual(["request_deadline"]);
}

test("clients that stall in their uploads eject nobody", async () => {
  const { stand } = await standOf([waits, waits], { timeouts: SHORT });
  for (let i = 0; i < 6; i++) {
    const client = dial(stand.outbound);
    client.write("POST /slow HTTP/1.1\r\nHost: orders\r\nContent-Length: 10\r\n\r\nx");
    await client.whole(SOON_MS);
    expect(client.statuses).toEqual([408]);
  }
  expect(await breakersOf(stand)).toEqual(["closed", "closed"]);
  await stand.close();
});

test("clients that leave eject nobody, and their requests count, but neither as success nor as failure", async () => {
  const { stand } = await standOf([waits, waits], { traffic: { requestTimeoutMs: 0 } });
  for (let i = 0; i < 6; i++) {
    const client = dial(stand.outbound);
    client.write("GET /left HTTP/1.1\r\nHost: orders\r\n\r\n");
    const behind = await Promise.race(open.map((played) => played.next()));
    await behind.until("\r\n\r\n");
    client.reset();
    await within(SOON_MS, "the endpoint's connection closed", behind.closed);
  }
  expect(await breakersOf(stand)).toEqual(["closed", "closed"]);
  const records = await stand.close();
  expect(records.map(({ status, verdict }) => [status, verdict])).toEqual(Array(6).fill([499, "abandoned"]));
  const { edges } = await stand.proxy.plane.read();
  const [edge] = edges.filter(({ direction }) => direction === "outbound");
  // Requests, success, failures; behind the counters comes the histogram, in which they are.
  expect([...(edge?.counts ?? [])].slice(0, 3)).toEqual([6, 0, 0]);
  expect([...(edge?.counts ?? [])].slice(EDGE_COUNTERS).reduce((sum, each) => sum + each, 0)).toBe(6);
});

test("a client that closes its writing side behind a whole request has its grace, and then takes the request along", async () => {
  const { stand, played } = await standOf([hangs], { timeouts: { leftMs: 50 }, traffic: { requestTimeoutMs: 0 } });
  expect(await exchange(stand.outbound, "GET /quick HTTP/1.1\r\nHost: orders\r\n\r\n")).toContain("200 OK");
  const text = await within(SOON_MS, "the end", exchange(stand.outbound, "GET /hang HTTP/1.1\r\nHost: orders\r\n\r\n"));
  expect(text).toBe("");
  await played[0]?.deserted();
  expect(outcomes(await stand.close())).toEqual(["GET /quick 200", "GET /hang 499 client_gone"]);
});

test("a client that resets while a pipelined request waits takes the one under way along", async () => {
  const { stand, played } = await standOf([waits], { traffic: { requestTimeoutMs: 0 } });
  const client = dial(stand.outbound);
  const request = "GET /hang HTTP/1.1\r\nHost: orders\r\n\r\n";
  client.write(request + request);
  await (await played[0]?.next())?.until("\r\n\r\n");
  client.reset();
  await played[0]?.deserted();
  await stand.close();
});

test("an upload that takes longer than the deadline is served", async () => {
  const { stand } = await standOf([hangs]);
  const client = dial(stand.outbound);
  client.write("POST /up HTTP/1.1\r\nHost: orders\r\nContent-Length: 6\r\n\r\nabc");
  await aDeadlinePasses(stand);
  await aDeadlinePasses(stand);
  client.write("def");
  expect(await client.until("POST /up", SOON_MS)).toContain("200 OK");
  client.end();
  await stand.close();
});

test("a download that takes longer than the deadline is not cut", async () => {
  let finish: () => void = () => {};
  const slow: Part = async (wire, index) => {
    if (index > 0) return;
    await wire.until("\r\n\r\n");
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
    finish = () => void wire.write("half");
  };
  const { stand } = await standOf([slow]);
  const client = dial(stand.outbound);
  client.write("GET /down HTTP/1.1\r\nHost: orders\r\n\r\n");
  await client.until("half");
  await aDeadlinePasses(stand);
  await aDeadlinePasses(stand);
  finish();
  expect(await client.until("halfhalf", SOON_MS)).toContain("200 OK");
  client.end();
  await stand.close();
});

test("an endpoint whose responses break off is ejected, and the other serves", async () => {
  const breaks: Part = async (wire) => {
    await wire.until("\r\n\r\n");
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    wire.reset();
  };
  const { stand } = await standOf([breaks, echo]);
  await eventually(
    SOON_MS,
    () => "an open breaker",
    async () => {
      await stand.askOrders("/some");
      return (await breakersOf(stand))[0] === "open";
    },
  );
  for (let i = 0; i < 10; i++) expect(await stand.askOrders("/good")).toContain("200 OK");
  await stand.close();
});

test("a request that waits for a connection to an endpoint that is withdrawn is served by another", async () => {
  const { stand, played } = await standOf([waits], { traffic: { requestTimeoutMs: 0, connectionsMax: 1 } });
  const busy = dial(stand.outbound);
  busy.write("GET /busy HTTP/1.1\r\nHost: orders\r\n\r\n");
  await (await played[0]?.next())?.until("\r\n\r\n");
  const waiting = stand.askOrders("/waiting");
  await eventually(
    SOON_MS,
    () => "the second client",
    async () => (await stand.metric("connections_open")) === 2,
  );
  const other = await play(echo);
  await stand.proxy.plane.setEndpoints([endpointAt(other.port)], ["orders.default"], true);
  expect(await within(SOON_MS, "an answer", waiting)).toContain("200 OK");
  busy.reset();
  await stand.close();
});

test("a full pool of our own ejects nobody", async () => {
  const { stand } = await standOf([hangs, hangs], {
    traffic: { connectionsMax: 1, pendingMax: 0, requestTimeoutMs: 0 },
  });
  const busy = [0, 1, 2, 3].map(() => dial(stand.outbound).write("GET /hang HTTP/1.1\r\nHost: orders\r\n\r\n"));
  const isRefused = (): boolean => busy.filter(({ statuses }) => statuses[0] === 503).length === 2;
  await eventually(
    SOON_MS,
    () => "two refused",
    async () => isRefused(),
  );
  for (let i = 0; i < 6; i++) expect(reasonsOf(await stand.askOrders("/full"))).toEqual(["pool_exhausted"]);
  expect(await breakersOf(stand)).toEqual(["closed", "closed"]);
  for (const client of busy) client.reset();
  await stand.close();
});

test("clients that hold every connection with uploads that do not come give way to who waits", async () => {
  const { stand } = await standOf([hangs], { traffic: { connectionsMax: 2, requestTimeoutMs: 0 } });
  const slow = [0, 1].map(() =>
    dial(stand.outbound).write("POST /slow HTTP/1.1\r\nHost: orders\r\nContent-Length: 6\r\n\r\na"),
  );
  await eventually(
    SOON_MS,
    () => "two connections",
    async () => (await stand.metric("upstream_open")) === 2,
  );
  expect(await within(SOON_MS, "an answer", stand.askOrders("/waiting"))).toContain("200 OK");
  expect(slow.flatMap(({ statuses }) => statuses)).toEqual([408]);
  for (const client of slow) client.reset();
  await stand.close();
});

test("and so do clients that hold every connection with downloads that they do not take", async () => {
  const endless: Part = async (wire) => {
    await wire.until("\r\n\r\n");
    if (wire.text.startsWith("GET /next")) return void wire.write(response("next"));
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nbegin");
    const send = (): void => {
      while (!wire.socket.destroyed && wire.socket.write("x".repeat(65_536)));
    };
    if (wire.text.startsWith("GET /stuck")) send();
    wire.socket.on("drain", send);
  };
  const { stand } = await standOf([endless], { traffic: { connectionsMax: 2, requestTimeoutMs: 0 } });
  // Whose service has nothing more to send is not to blame for it.
  const taking = dial(stand.outbound).write("GET /taken HTTP/1.1\r\nHost: orders\r\n\r\n");
  await taking.until("begin");
  const stuck = dial(stand.outbound).write("GET /stuck HTTP/1.1\r\nHost: orders\r\n\r\n");
  stuck.socket.pause();
  await eventually(
    SOON_MS,
    () => "two connections",
    async () => (await stand.metric("upstream_open")) === 2,
  );
  expect(await within(2 * SOON_MS, "an answer", stand.askOrders("/next"))).toMatch(/next$/);
  for (const client of [taking, stuck]) client.reset();
  const ended = outcomes(await stand.close());
  expect(ended.slice(0, 2)).toEqual(["GET /stuck 200 client_gone", "GET /next 200"]);
});

test("an application's own answers pass, and it is never ejected by its own sidecar", async () => {
  const busy: Part = async (wire) => {
    await wire.until("\r\n\r\n");
    wire.write(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nX-Regomesh-Reason: policy_conflict\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy",
    );
  };
  const { stand } = await standOf([busy]);
  for (let i = 0; i < 8; i++) {
    const text = await stand.ask("/busy");
    expect(text).toMatch(/ 503 [\s\S]*retry-after: 7[\s\S]*busy$/i);
    // What only the mesh may say is not the application's to say.
    expect(text).not.toMatch(/x-regomesh-reason/i);
  }
  await stand.close();
});

test("an idle connection is given up before the server that says how long it keeps it closes it", async () => {
  const brief: Part = async (wire) => {
    await wire.until("\r\n\r\n");
    wire.write(response("first").replace("\r\n", "\r\nKeep-Alive: timeout=1, max=5\r\n"));
  };
  const { stand, played } = await standOf([brief]);
  for (let i = 0; i < 3; i++) expect(await stand.askOrders("/x")).toMatch(/first$/);
  expect(played[0]?.wires.length).toBe(3);
  await stand.close();
});

test("HEAD, and then garbage: the refusal is whole", async () => {
  const { stand } = await standOf([echo]);
  const text = await exchange(stand.inbound, "HEAD / HTTP/1.1\r\nHost: w\r\n\r\n\0garbage\r\n\r\n");
  const refusal = text.slice(text.lastIndexOf("HTTP/1.1 400"));
  const length = Number(/content-length: (\d+)/.exec(refusal)?.[1]);
  expect(length).toBeGreaterThan(0);
  expect(refusal.slice(refusal.indexOf("\r\n\r\n") + 4).length).toBe(length);
  await stand.close();
});

test("an HTTP/1.0 client is never shown an orderly end of half a response", async () => {
  const half: Part = async (wire) => {
    await wire.until("\r\n\r\n");
    wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    await client.until("half");
    wire.reset();
  };
  const { stand } = await standOf([half]);
  const client = dial(stand.inbound);
  const ended = new Promise<string>((done) => {
    client.socket.once("end", () => done("an orderly end"));
    client.socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? ""));
  });
  client.write("GET / HTTP/1.0\r\n\r\n");
  expect(await within(SOON_MS, "the end", ended)).toBe("ECONNRESET");
  await stand.close();
});

test("a client that pipelines and takes nothing is asked to wait, and gets everything in the end", async () => {
  const COUNT = 1000;
  const large = "x".repeat(64 * 1024);
  let served = 0;
  const gives: Part = async (wire) => {
    wire.socket.on("data", () => {});
    for (;;) {
      if ((await wire.until("\r\n\r\n", 600_000).catch(() => undefined)) === undefined) return;
      wire.text = wire.text.slice(wire.text.indexOf("\r\n\r\n") + 4);
      served++;
      wire.write(response(large));
    }
  };
  const { stand } = await standOf([gives]);
  const client = dial(stand.inbound);
  client.socket.pause();
  client.write("GET /x HTTP/1.1\r\nHost: w\r\n\r\n".repeat(COUNT));
  // Others are served all the while; the count stands once it has not moved over many of their requests.
  let [still, before] = [0, -1];
  while (still < 20) {
    still = served === before ? still + 1 : 0;
    before = served + 1;
    await stand.ask("/other");
  }
  expect(served).toBeLessThan(COUNT / 2);
  let got = 0;
  client.socket.on("data", (chunk: string) => {
    got += chunk.length;
  });
  client.socket.resume();
  await eventually(
    30_000,
    () => `everything; there came ${got} bytes`,
    async () => got >= COUNT * large.length,
  );
  expect(client.statuses.length).toBe(COUNT);
  client.end();
  await stand.close();
});

test("nor are refusals of our own written to who takes none", async () => {
  const COUNT = 200_000;
  const { stand } = await standOf([echo]);
  const requests = async (): Promise<number> => (await stand.proxy.plane.read()).counters[Counter.requests] ?? 0;
  const client = dial(stand.outbound);
  client.socket.pause();
  client.write("GET /x HTTP/1.1\r\nHost: nobody\r\n\r\n".repeat(COUNT));
  let [still, before] = [0, -1];
  while (still < 20) {
    const now = await requests();
    still = now === before ? still + 1 : 0;
    before = now + 1;
    await stand.ask("/other");
  }
  expect(await requests()).toBeLessThan(COUNT / 2);
  client.reset();
  await stand.close();
});
