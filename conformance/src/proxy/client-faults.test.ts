/** Clients that stall, leave, or send what is no request: each gets its status in time, and nobody else notices. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStand, outcomes, reasonsOf, SHORT, SOON_MS, type Stand } from "./stand/stand.ts";
import { dial, echo, exchange, type Part, Played } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

let app: Played;
let stand: Stand;
let isClosed = false;

beforeEach(async () => {
  app = await Played.open(echo);
  stand = await openStand({ app: app.port, timeouts: SHORT });
  isClosed = false;
});
afterEach(async () => {
  if (!isClosed) await stand.end();
  await app.close();
});

/** An application whose first connections are played so. */
async function restart(parts: readonly Part[], stallMs = SHORT.stallMs): Promise<void> {
  await stand.end();
  await app.close();
  app = await Played.open((wire, index) => (parts[index] ?? echo)(wire, index));
  stand = await openStand({ app: app.port, timeouts: { ...SHORT, stallMs } });
}

/** Reads, and says nothing. */
const waits: Part = () => {};

/** The next request is right, no connection is left, and the records are those given. */
async function expectAfterwards(records: readonly string[]): Promise<void> {
  expect(await stand.ask("/next")).toContain("200 OK");
  isClosed = true;
  expect(outcomes(await stand.close())).toEqual([...records, "GET /next 200"]);
  await app.deserted();
  expect(app.failures).toEqual([]);
}

test("a client that stalls within a head gets 408 at the head's limit, also where it sends a byte now and then", async () => {
  const [silent, slow] = [dial(stand.inbound), dial(stand.inbound)];
  silent.write("GET /silent HTTP/1.1\r\nHost: w");
  slow.write("GET /slow HTTP/1.1\r\nHost: w");
  let drops = 0;
  const dripping = setInterval(() => {
    slow.write("w");
    drops++;
  }, SHORT.headMs / 5);
  await Promise.all([silent.whole(SOON_MS), slow.whole(SOON_MS)]);
  clearInterval(dripping);
  expect([silent.statuses, slow.statuses]).toEqual([[408], [408]]);
  expect([...reasonsOf(silent.text), ...reasonsOf(slow.text)]).toEqual(["request_timeout", "request_timeout"]);
  expect(drops).toBeGreaterThan(0);
  expect(app.wires).toEqual([]);
  await expectAfterwards(["408 request_timeout", "408 request_timeout"]);
});

test("a client that stalls within its content gets 408, and its request's connection ends", async () => {
  const client = dial(stand.inbound);
  client.write("POST /half HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\n\r\nhalf");
  await client.whole(SOON_MS);
  expect([client.statuses, reasonsOf(client.text)]).toEqual([[408], ["request_timeout"]]);
  await app.deserted();
  await expectAfterwards(["POST /half 408 request_timeout"]);
});

test("a client that stalls between chunks gets 408", async () => {
  await restart([waits, echo]);
  const client = dial(stand.inbound);
  client.write("POST /half HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  await client.whole(SOON_MS);
  expect([client.statuses, reasonsOf(client.text)]).toEqual([[408], ["request_timeout"]]);
  await expectAfterwards(["POST /half 408 request_timeout"]);
});

test("a client that stalls after a response loses its idle connection, without a word", async () => {
  const client = dial(stand.inbound);
  client.write("GET /one HTTP/1.1\r\nHost: w\r\n\r\n");
  await client.until("GET /one");
  client.write("GET /two HTTP/1.1\r\nHost: w\r\n\r\n");
  await client.whole(SOON_MS);
  expect(client.statuses).toEqual([200, 200]);
  await expectAfterwards(["GET /one 200", "GET /two 200"]);
});

test("a client that says nothing at all is let go", async () => {
  const client = dial(stand.inbound);
  expect(await client.whole(SOON_MS)).toBe("");
  await expectAfterwards([]);
});

test.each([
  ["", 0],
  [", also where it goes on sending", SHORT.stallMs / 5],
])("a client that takes nothing of its response is cut, and the application with it%s", async (_, drippingMs) => {
  await restart([
    async (wire) => {
      await wire.until("\r\n\r\n");
      wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`;
      for (let i = 0; i < 512; i++) wire.write(chunk);
    },
    echo,
  ]);
  const client = dial(stand.inbound);
  client.socket.pause();
  client.write("GET /endless HTTP/1.1\r\nHost: w\r\n\r\n");
  const dripping = drippingMs === 0 ? undefined : setInterval(() => client.write("G"), drippingMs);
  const behind = await app.next();
  await within(SOON_MS, "the application's connection closed", behind.closed);
  clearInterval(dripping);
  client.socket.resume();
  await client.whole();
  expect(client.text.endsWith("\r\n0\r\n\r\n")).toBe(false);
  await expectAfterwards(["GET /endless 200 client_gone"]);
});

test("a service that is silent is given up in time, whatever its client sends ahead", async () => {
  await restart([waits, echo]);
  const client = dial(stand.inbound);
  client.write("GET /silent HTTP/1.1\r\nHost: w\r\n\r\n");
  const dripping = setInterval(() => client.write("G"), SHORT.stallMs / 5);
  const text = await client.until("upstream_timeout");
  clearInterval(dripping);
  expect([client.statuses, reasonsOf(text)]).toEqual([[504], ["upstream_timeout"]]);
  client.reset();
  await expectAfterwards(["GET /silent 504 upstream_timeout"]);
});

test("a client that resets within its head leaves nothing", async () => {
  const client = dial(stand.inbound);
  client.write("GET /left HTTP/1.1\r\nHo");
  expect(await stand.ask("/meanwhile")).toContain("200 OK");
  client.reset();
  await expectAfterwards(["GET /meanwhile 200"]);
});

test.each([
  ["within its content", "half"],
  ["before its response", "half-whole"],
])("a client that resets %s takes its request along", async (_, content) => {
  await restart([waits, echo], 60_000);
  const client = dial(stand.inbound);
  client.write(`POST /left HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\n\r\n${content}`);
  const behind = await app.next();
  await behind.until(content);
  client.reset();
  await within(SOON_MS, "the application's connection closed", behind.closed);
  await expectAfterwards(["POST /left 499 client_gone"]);
});

test.each([
  ["no request line", "\0\x01garbage\r\n\r\n", 400, "bad_request"],
  ["a head of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"],
  ["a field without a colon", "GET / HTTP/1.1\r\nHost: w\r\nnonsense\r\n\r\n", 400, "bad_request"],
  ["two lengths", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "bad_request"],
])("after a good request comes %s: the good one is answered, then it ends", async (_, garbage, status, reason) => {
  const client = dial(stand.inbound);
  client.write(`GET /good HTTP/1.1\r\nHost: w\r\n\r\n${garbage}`);
  await client.whole(SOON_MS);
  expect([client.statuses, reasonsOf(client.text)]).toEqual([[200, status], [reason]]);
  expect(client.text).toMatch(/connection: close/i);
  const records = await endAfterNext();
  expect(records[0]).toBe("GET /good 200");
  expect(records.slice(1, -1)).toHaveLength(1);
  expect(records[1]).toContain(`${status} ${reason}`);
});

async function endAfterNext(): Promise<readonly string[]> {
  expect(await stand.ask("/next")).toContain("200 OK");
  isClosed = true;
  const records = outcomes(await stand.close());
  await app.deserted();
  return records;
}

test("of a pipeline, one that is refused in the middle is answered in its place, and the rest goes on", async () => {
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: w\r\n\r\n`;
  const text = await exchange(stand.inbound, `${get("/a")}${get("/x%00y")}${get("/b")}`);
  expect(text).toMatch(/^HTTP\/1.1 200[\s\S]*GET \/aHTTP\/1.1 400[\s\S]*HTTP\/1.1 200[\s\S]*GET \/b$/);
  expect(reasonsOf(text)).toEqual(["bad_path"]);
  await expectAfterwards(["GET /a 200", "GET /x%00y 400 bad_path", "GET /b 200"]);
});

test("of a pipeline, what stands behind a request of broken framing is never looked at", async () => {
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: w\r\n\r\n";
  const text = await exchange(
    stand.inbound,
    `GET /a HTTP/1.1\r\nHost: w\r\n\r\nPOST /b HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled}`,
  );
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(["200", "400"]);
  expect(text).not.toContain("smuggled");
  const records = await endAfterNext();
  expect(records.filter((record) => record.includes("smuggled"))).toEqual([]);
});
