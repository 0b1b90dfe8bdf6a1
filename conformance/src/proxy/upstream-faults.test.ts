/** Services that stall, break off, or answer with what is no response: status and reason in time, retried only where safe. */
import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  type AccessRecord,
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

/** Of a try, and of the whole request; short, and far enough apart. */
const TRY_MS = 150;
const REQUEST_MS = 400;
const NO_RETRY = { attempts: 0, perTryMs: undefined, on: [], budgetPercent: 20, budgetMin: 3 } as const;

const open: Played[] = [];
afterEach(async () => {
  for (const played of open.splice(0)) await played.close();
});

/** A service whose first connections are played so, and the others echo. */
async function play(parts: readonly Part[], options: StandOptions = {}): Promise<{ service: Played; stand: Stand }> {
  const service = await Played.open((wire, index) => (parts[index] ?? echo)(wire, index));
  open.push(service);
  const stand = await openStand({
    ...options,
    app: service.port,
    orders: [endpointAt(service.port)],
    traffic: { requestTimeoutMs: REQUEST_MS, retry: NO_RETRY, ...options.traffic },
  });
  return { service, stand };
}

/** The next request is right, then nothing is left open. */
async function finish(stand: Stand, service: Played): Promise<readonly AccessRecord[]> {
  expect(await stand.askOrders("/next")).toContain("200 OK");
  const records = await stand.close();
  await service.deserted();
  expect(service.failures).toEqual([]);
  return records;
}

/** Reads a head, then does so. */
function after(then: (wire: Parameters<Part>[0]) => void | Promise<void>): Part {
  return async (wire) => {
    await wire.until("\r\n\r\n");
    await then(wire);
  };
}

const BEFORE_HEAD: readonly (readonly [string, Part, number, string])[] = [
  ["stalls before a byte", after(() => {}), 504, "request_deadline"],
  ["stalls within its head", after((wire) => void wire.write("HTTP/1.1 200 OK\r\nContent-")), 504, "request_deadline"],
  ["sends 1xx for ever", after(sendInterim), 502, "upstream_protocol"],
  ["closes before its head", after((wire) => void wire.end()), 503, "upstream_reset"],
  ["resets before its head", after((wire) => wire.reset()), 503, "upstream_reset"],
  ["closes within its head", after((wire) => void wire.end("HTTP/1.1 200 OK\r\nCon")), 503, "upstream_reset"],
  ["resets within its head", after((wire) => wire.write("HTTP/1.1 200").reset()), 503, "upstream_reset"],
  ["answers with garbage", after((wire) => void wire.write("\0\x01\x02 garbage\r\n\r\n")), 502, "upstream_protocol"],
  [
    "answers with another protocol",
    after((wire) => void wire.write("SSH-2.0-OpenSSH_9.6\r\n")),
    502,
    "upstream_protocol",
  ],
  [
    "answers with two lengths",
    after((wire) => void wire.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
    502,
    "upstream_protocol",
  ],
  [
    "answers with a head that never ends",
    after((wire) => void wire.write(`HTTP/1.1 200 OK\r\nX-Long: ${"a".repeat(1_000_000)}`)),
    502,
    "upstream_protocol",
  ],
  [
    "switches protocols unasked",
    after((wire) => void wire.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")),
    502,
    "upstream_protocol",
  ],
];

/** One a turn of the event loop, until the other end has had enough. */
async function sendInterim(wire: Parameters<Part>[0]): Promise<void> {
  let isClosed = false;
  void wire.closed.then(() => {
    isClosed = true;
  });
  while (!isClosed) {
    wire.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    await setImmediate();
  }
}

test.each(BEFORE_HEAD)("a service that %s is answered for in time", async (_, part, status, reason) => {
  // Where the deadline is not what ends it, a machine that is busy must not let it.
  const { service, stand } = await play([part], status === 504 ? {} : { traffic: { requestTimeoutMs: 0 } });
  const text = await within(SOON_MS, "an answer", stand.askOrders("/bad"));
  expect(text).toMatch(new RegExp(`(^|\\r\\n)HTTP/1\\.1 ${status} `));
  expect(reasonsOf(text)).toEqual([reason]);
  const records = await finish(stand, service);
  expect(outcomes(records)).toEqual([`GET /bad ${status} ${reason}`, "GET /next 200"]);
  expect(records[0]?.verdict).toBe("broken");
});

const LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
const CHUNKS = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";

/** The first half of a response, and what happens once the client has it. */
const AFTER_HEAD: readonly (readonly [string, string, Part, string])[] = [
  ["closes within content of known length", LENGTH, (wire) => void wire.end(), "upstream_reset"],
  ["resets within content of known length", LENGTH, (wire) => wire.reset(), "upstream_reset"],
  ["closes between chunks", CHUNKS, (wire) => void wire.end(), "upstream_reset"],
  ["sends a chunk that is none", CHUNKS, (wire) => void wire.write("xyz\r\n"), "upstream_protocol"],
  ["stalls within its content", LENGTH, () => {}, "upstream_timeout"],
];

test.each(AFTER_HEAD)(
  "a service that %s: the client is cut, and never takes half for whole",
  async (_, half, then, reason) => {
    const { service, stand } = await play(
      [
        after(async (wire) => {
          wire.write(half);
          await client.until("half");
          await then(wire, 0);
        }),
      ],
      { timeouts: SHORT },
    );
    const client = dial(stand.outbound);
    client.write("GET /bad HTTP/1.1\r\nHost: orders\r\n\r\n");
    const text = await client.whole(SOON_MS);
    expect(client.statuses).toEqual([200]);
    expect(text).toMatch(/half(\r\n)?$/);
    expect(outcomes(await finish(stand, service))).toEqual([`GET /bad 200 ${reason}`, "GET /next 200"]);
  },
);

test("surplus bytes behind a response reach nobody, and end their connection", async () => {
  const { service, stand } = await play([after((wire) => void wire.write(`${response("one")}${response("evil")}`))]);
  expect(await stand.askOrders("/one")).toMatch(/one$/);
  const text = await stand.askOrders("/two");
  expect(text).toMatch(/GET \/two$/);
  expect(outcomes(await finish(stand, service))).toEqual(["GET /one 200", "GET /two 200", "GET /next 200"]);
});

test("a response before the request's content is whole passes, says close, and its connection is not used again", async () => {
  const { service, stand } = await play([
    after((wire) => void wire.write(response("too much", "413 Content Too Large"))),
  ]);
  const client = dial(stand.outbound);
  client.write("POST /early HTTP/1.1\r\nHost: orders\r\nContent-Length: 1000000\r\n\r\nbegin");
  const text = await client.whole(SOON_MS);
  expect([client.statuses, text.endsWith("too much")]).toEqual([[413], true]);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  expect(outcomes(await finish(stand, service))).toEqual(["POST /early 413", "GET /next 200"]);
  expect(service.wires.length).toBe(2);
});

test.each([
  ["of known length", "Content-Length: 10000000", (block: string) => block],
  ["in chunks", "Transfer-Encoding: chunked", (block: string) => `${block.length.toString(16)}\r\n${block}\r\n`],
])(
  "a service that answers an upload %s before its end and closes at once is heard all the same",
  async (_, field, frame) => {
    const { service, stand } = await play([
      async (wire) => {
        await wire.until("\r\n\r\n");
        wire.socket.pause();
        wire.socket.write(response("too much", "413 Content Too Large"), () => wire.socket.destroy());
      },
    ]);
    const client = dial(stand.outbound).write(`POST /early HTTP/1.1\r\nHost: orders\r\n${field}\r\n\r\n`);
    for (let i = 0; i < 32; i++) client.write(frame("x".repeat(16_384)));
    expect(await client.until("413")).toMatch(/^HTTP\/1\.1 413 /);
    await client.until(/too much$/);
    client.socket.destroy();
    expect(outcomes(await finish(stand, service))).toEqual(["POST /early 413", "GET /next 200"]);
  },
);

test("1xx passes before the response, to whom can read it", async () => {
  const { service, stand } = await play([
    after(async (wire) => {
      wire.text = "";
      wire.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${response("whole")}`);
      await echo(wire, 0);
    }),
  ]);
  const client = dial(stand.outbound).end("GET /hints HTTP/1.1\r\nHost: orders\r\n\r\n");
  await client.whole();
  expect(client.statuses).toEqual([103, 200]);
  expect(outcomes(await finish(stand, service))).toEqual(["GET /hints 200", "GET /next 200"]);
});

test("a flood of 1xx waits, as content does, until the client takes it", async () => {
  const flood = 400;
  const interim = `HTTP/1.1 102 Processing\r\nX-Pad: ${"p".repeat(60_000)}\r\n\r\n`;
  const floods = after((wire) => {
    for (let i = 0; i < flood; i++) wire.write(interim);
  });
  const { service, stand } = await play([floods], { traffic: { requestTimeoutMs: SOON_MS / 2 } });
  const client = dial(stand.outbound);
  client.socket.pause();
  client.write("GET /flood HTTP/1.1\r\nHost: orders\r\n\r\n");
  const behind = await service.next();
  await behind.closed;
  client.socket.resume();
  const text = await client.until("request_deadline");
  client.reset();
  // What the systems' buffers hold on the way came through, and little more.
  expect(text.length).toBeLessThan((flood * interim.length) / 2);
  expect(outcomes(await finish(stand, service))).toEqual(["GET /flood 504 request_deadline", "GET /next 200"]);
});

/** Answers once; the next request on the connection finds it closed. */
const closesWhenAsked: Part = async (wire) => {
  await wire.until("\r\n\r\n");
  wire.text = "";
  wire.write(response("first"));
  await wire.until("\r\n\r\n");
  wire.reset();
};

test("an idle connection that closes as it is used again is made up for, where twice is as once", async () => {
  const { service, stand } = await play([closesWhenAsked]);
  expect(await stand.askOrders("/first")).toMatch(/first$/);
  expect(await stand.askOrders("/again")).toContain("200 OK");
  const records = await finish(stand, service);
  expect(records.map(({ path, status, tries }) => `${path} ${status} ${tries}`)).toEqual([
    "/first 200 1",
    "/again 200 2",
    "/next 200 1",
  ]);
});

test("and not where it is not: a POST is never sent twice", async () => {
  const { service, stand } = await play([closesWhenAsked], {
    traffic: { retry: { ...NO_RETRY, attempts: 2, on: ["connect", "reset", "5xx"] } },
  });
  expect(await stand.askOrders("/first")).toMatch(/first$/);
  const text = await exchange(stand.outbound, "POST /pay HTTP/1.1\r\nHost: orders\r\nContent-Length: 3\r\n\r\n100");
  expect(reasonsOf(text)).toEqual(["upstream_reset"]);
  const records = await finish(stand, service);
  expect(outcomes(records)).toEqual(["GET /first 200", "POST /pay 503 upstream_reset", "GET /next 200"]);
  expect(records[1]?.tries).toBe(1);
  expect(service.wires.map(({ text }) => text).join("")).not.toContain("POST /pay HTTP/1.1\r\nHost: orders\r\n\r\n");
});

const RETRYING = { ...NO_RETRY, attempts: 2, perTryMs: TRY_MS, on: ["connect", "reset", "gateway-error"] } as const;

test.each([
  ["stalls", after(() => {})],
  ["resets", after((wire) => wire.reset())],
  ["says 503", after((wire) => void wire.write(response("no", "503 Service Unavailable")))],
] as readonly (readonly [string, Part])[])("a GET is tried again where the first try %s", async (_, part) => {
  const { service, stand } = await play([part], { traffic: { retry: RETRYING, requestTimeoutMs: SOON_MS } });
  expect(await within(SOON_MS, "an answer", stand.askOrders("/retried"))).toMatch(/GET \/retried$/);
  const records = await finish(stand, service);
  expect(records.map(({ path, status, tries }) => `${path} ${status} ${tries}`)).toEqual([
    "/retried 200 2",
    "/next 200 1",
  ]);
});

test("tries end: what stalls every time is 504, after attempts and no more", async () => {
  const stalls = after(() => {});
  const { service, stand } = await play([stalls, stalls, stalls], {
    traffic: { retry: RETRYING, requestTimeoutMs: SOON_MS },
  });
  const text = await within(SOON_MS, "an answer", stand.askOrders("/bad"));
  expect([/^HTTP\/1.1 504 /.test(text), reasonsOf(text)]).toEqual([true, ["upstream_timeout"]]);
  const records = await finish(stand, service);
  expect(outcomes(records)).toEqual(["GET /bad 504 upstream_timeout", "GET /next 200"]);
  expect([records[0]?.tries, service.wires.length]).toEqual([3, 4]);
});

test("a breaker opens after failures in a row, passes its endpoint over, and lets one through after its time", async () => {
  const resets = after((wire) => wire.reset());
  const good = await Played.open(echo);
  open.push(good);
  const failing = await Played.open((wire, index) => (index < 2 ? resets : echo)(wire, index));
  open.push(failing);
  const stand = await openStand({
    orders: [endpointAt(failing.port), endpointAt(good.port)],
    traffic: { retry: NO_RETRY, breaker: { failuresMax: 2, openMs: 300, openMaxMs: 1000 } },
  });
  let failures = 0;
  while (failures < 2) if (reasonsOf(await stand.askOrders("/bad"))[0] === "upstream_reset") failures++;
  const breaker = async (): Promise<string | undefined> =>
    (await stand.proxy.plane.read()).endpoints.find(({ port }) => port === failing.port)?.breaker;
  expect([await breaker(), failing.wires.length]).toEqual(["open", 2]);
  let text = "";
  const isClosedAgain = async (): Promise<boolean> => {
    text = await stand.askOrders("/trial");
    expect(text).toContain("200 OK");
    return (await breaker()) === "closed";
  };
  await eventually(SOON_MS, () => text, isClosedAgain);
  expect(failing.wires.length).toBeGreaterThan(2);
  await stand.close();
});

test("the only endpoint is never ejected: its own answers pass, whatever they are", async () => {
  const busy = after(
    (wire) =>
      void wire.write(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy",
      ),
  );
  const { service, stand } = await play(Array(8).fill(busy), {
    traffic: { breaker: { failuresMax: 2, openMs: 60_000, openMaxMs: 60_000 } },
  });
  for (let i = 0; i < 8; i++) expect(await stand.askOrders("/busy")).toMatch(/ 503 [\s\S]*retry-after: 7[\s\S]*busy$/i);
  await finish(stand, service);
});

test("nobody listens: 503 at once", async () => {
  const service = await Played.open(echo);
  const { port } = service;
  await service.close();
  const stand = await openStand({ orders: [endpointAt(port)], traffic: { retry: RETRYING } });
  const text = await within(SOON_MS, "an answer", stand.askOrders("/bad"));
  expect(reasonsOf(text)).toEqual(["connect_failed"]);
  expect(outcomes(await stand.close())).toEqual(["GET /bad 503 connect_failed"]);
});

test("the receiver holds its application to a time of its own, from the request's end, whoever asks", async () => {
  const { service, stand } = await play([after(() => {})], { timeouts: { applicationMs: REQUEST_MS } });
  const client = dial(stand.inbound).write("POST /slow HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\na");
  const behind = await service.next();
  await behind.until("\r\n\r\na");
  // A whole request to an application that answers takes its time, while the upload is not at its end.
  expect(await stand.ask("/meanwhile")).toContain("200 OK");
  client.write("b");
  expect([reasonsOf(await client.until("reason")), client.statuses]).toEqual([["request_deadline"], [504]]);
  await behind.whole();
  client.socket.destroy();
  await finish(stand, service);
});
