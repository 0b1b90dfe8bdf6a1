/** Targets that the mesh does not carry are refused, and nothing behind them on the connection is read as a request. */
import { afterEach, expect, test } from "vitest";
import { endpointAt, openStand, outcomes, reasonsOf, type StandOptions, snapshotOf } from "./stand/stand.ts";
import { dial, echo, exchange, Played, response } from "./stand/wire.ts";

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: orders\r\n\r\n";

test.each([
  ["CONNECT", `CONNECT orders:443 HTTP/1.1\r\nHost: orders:443\r\n\r\n${HIDDEN}`, 501, "not_implemented"],
  [
    "CONNECT with content",
    `CONNECT orders:443 HTTP/1.1\r\nHost: orders\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    501,
    "not_implemented",
  ],
  ["raw UTF-8", `GET /caf\u00c3\u00a9 HTTP/1.1\r\nHost: orders\r\n\r\n${HIDDEN}`, 400, "bad_request"],
  ["a raw fragment", `GET /a#b HTTP/1.1\r\nHost: orders\r\n\r\n`, 400, "bad_path"],
])("%s is refused on both listeners, and ends the connection", async (_, request, status, reason) => {
  const app = await Played.open(echo);
  open.push(app);
  const stand = await openStand({ app: app.port, orders: [endpointAt(app.port)] });
  for (const port of [stand.inbound, stand.outbound]) {
    const client = dial(port);
    client.socket.end(Buffer.from(request, "latin1"));
    const text = await client.whole();
    expect([client.statuses, reasonsOf(text)]).toEqual([[status], [reason]]);
  }
  expect(app.wires).toEqual([]);
  expect(outcomes(await stand.close()).map((each) => each.replace(/^.* (?=\d)/, ""))).toEqual(
    Array(2).fill(`${status} ${reason}`),
  );
});

test("a request that moved to another subset counts for that one", async () => {
  const [busy, other] = [await Played.open(() => undefined), await Played.open(echo)];
  open.push(busy, other);
  const versions = ["v1", "v2"].map((name) => ({ name, labels: { version: name } }));
  const options: StandOptions = {
    orders: [
      endpointAt(other.port, { labels: { version: "v1" } }),
      endpointAt(busy.port, { labels: { version: "v2" } }),
    ],
    service: {
      subsets: versions,
      defaultRoute: [
        { subset: "v2", weight: 1_000_000 },
        { subset: "v1", weight: 1 },
      ],
    },
    traffic: { connectionsMax: 1 },
  };
  const stand = await openStand(options);
  const first = dial(stand.outbound).write("GET /first HTTP/1.1\r\nHost: orders\r\n\r\n");
  const behind = await busy.next();
  await behind.until("\r\n\r\n");
  const second = dial(stand.outbound).write("GET /second HTTP/1.1\r\nHost: orders\r\n\r\n");
  // A round trip of the proxy's own: the second waits by then.
  await stand.askOrders("/none", "X: y\r\nContent-Length: x\r\n");
  await stand.proxy.applyFile(snapshotOf({ ...options, orders: options.orders?.slice(0, 1) ?? [] }));
  await second.until("GET /second");
  behind.write(response("late"));
  await first.until("late");
  const { edges } = await stand.proxy.plane.read();
  const counts = edges
    .filter(({ direction }) => direction === "outbound")
    .map(({ subset, counts }) => [subset, counts[0]]);
  expect(Object.fromEntries(counts)).toMatchObject({ v1: 1, v2: 1 });
  for (const client of [first, second]) client.socket.destroy();
});

test("an authority that no service has is told as the service that was asked for", async () => {
  const stand = await openStand({});
  expect(reasonsOf(await exchange(stand.outbound, "GET http://Nobody.here/ HTTP/1.1\r\nHost: x\r\n\r\n"))).toEqual([
    "no_such_service",
  ]);
  const [record] = await stand.close();
  expect([record?.service, record?.status]).toEqual(["nobody.here", 404]);
});
