/** Uploads under way when a certificate ends: they have the grace to finish in, and are cut at its end, counted. */
import type { Identity } from "@regomesh/proxy";
import { TestAuthority } from "@regomesh/proxy/test";
import { describe, expect, test } from "vitest";
import { dialMesh } from "./stand/mesh-client.ts";
import { endpointAt, openStand, outcomes, type Stand, type StandOptions } from "./stand/stand.ts";
import { dial, type Part, Played, response, type Wire } from "./stand/wire.ts";
import { eventually } from "./stand/within.ts";

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
/** Certificates count whole seconds: this one has between two and three, so that a busy machine gets the upload under way. */
const SHORT_MS = 3000;
/** Every timer of a moment has fired by then. */
const PAST_MS = 100;
const GRACE_MS = 60_000;
const UPLOAD = "POST /up HTTP/1.1\r\nHost: orders\r\nContent-Length: 8\r\n\r\npart";
const silent: Part = () => undefined;

const ENDED = "POST /up 503 connection_ended";
const CUT_BY_ONE = [[ENDED], ["POST /up 503 peer_identity"]];
/** The caller's record, then the callee's. */
const CUT_BY_ONE_OF_TWO = [
  [ENDED, ENDED],
  [ENDED, "POST /up 499 client_gone"],
  ["POST /up 503 peer_identity", ENDED],
  ["POST /up 503 peer_identity", "POST /up 499 client_gone"],
  ["POST /up 503", ENDED],
];

const issue = (name: string): Identity => authority.identity(ID(name), {});
const shortLived = (name: string): Identity => authority.identity(ID(name), { notAfterMs: Date.now() + SHORT_MS });

async function start(opened: AsyncDisposableStack, options: StandOptions): Promise<Stand> {
  const stand = await openStand({ identity: issue("web"), ...options });
  opened.defer(() => stand.end());
  return stand;
}

type Way = {
  readonly client: Wire;
  readonly behind: Wire;
  readonly ends: Identity;
  /** Whose records tell of it, the one that the client speaks to first. */
  readonly stands: readonly Stand[];
};

/** An upload of which half has come to where it goes. */
async function upload(client: Wire, app: Played, ends: Identity, ...stands: readonly Stand[]): Promise<Way> {
  client.write(UPLOAD);
  const behind = await app.next();
  await behind.until("\r\n\r\npart");
  return { client, behind, ends, stands };
}

async function play(opened: AsyncDisposableStack, identity?: Identity): Promise<Played> {
  const tls = identity && {
    key: identity.keyPem,
    cert: identity.chainPem,
    ca: identity.bundlePem,
    requestCert: true,
    minVersion: "TLSv1.3" as const,
  };
  const app = await Played.open(silent, tls);
  opened.defer(() => app.close());
  return app;
}

const WAYS: Readonly<Record<string, (opened: AsyncDisposableStack, graceMs: number) => Promise<Way>>> = {
  "from a client, HTTP/1.1": async (opened, graceMs) => {
    const app = await play(opened);
    const stand = await start(opened, { app: app.port, graceMs });
    const ends = shortLived("shop");
    return await upload(await dialMesh(stand.inbound, ends), app, ends, stand);
  },
  "to an endpoint, HTTP/1.1": async (opened, graceMs) => {
    const ends = shortLived("orders");
    const app = await play(opened, ends);
    const stand = await start(opened, { orders: [endpointAt(app.port, { principal: ID("orders") })], graceMs });
    const client = dial(stand.outbound).write(UPLOAD);
    await new Promise<void>((done) => app.server.once("secureConnection", () => done()));
    const [behind] = app.wires;
    if (behind === undefined) throw new Error("the endpoint has no connection");
    await behind.until("\r\n\r\npart");
    return { client, behind, ends, stands: [stand] };
  },
  "between sidecars, the caller's": async (opened, graceMs) => await between(opened, graceMs, "web"),
  "between sidecars, the callee's": async (opened, graceMs) => await between(opened, graceMs, "orders"),
};

async function between(opened: AsyncDisposableStack, graceMs: number, whose: "web" | "orders"): Promise<Way> {
  const app = await play(opened);
  const orders = await start(opened, { app: app.port, identity: issue("orders"), graceMs });
  const endpoint = endpointAt(orders.inbound, { principal: ID("orders") });
  const web = await start(opened, { orders: [endpoint], graceMs });
  // Its seconds run from here on, when both are there.
  const ends = shortLived(whose);
  await (whose === "web" ? web : orders).proxy.setIdentity(ends);
  return await upload(dial(web.outbound), app, ends, web, orders);
}

// All of them wait for the end of a certificate: they do so together.
describe.concurrent.each(Object.entries(WAYS))("an upload %s: a certificate ends meanwhile, and it", (_, openWay) => {
  test("finishes within the grace", async () => {
    await using opened = new AsyncDisposableStack();
    const { client, behind, ends, stands } = await openWay(opened, GRACE_MS);
    await eventually(
      2 * SHORT_MS,
      () => "the certificate's end",
      async () => Date.now() > ends.notAfterMs + PAST_MS,
    );
    client.write("rest");
    await behind.until("partrest");
    behind.write(response("done"));
    expect(await client.until("done")).toContain("200 OK");
    client.socket.destroy();
    behind.socket.destroy();
    for (const stand of stands) expect(outcomes(await stand.close())).toEqual(["POST /up 200"]);
  });

  test("is cut at the grace's end, and counted", async () => {
    await using opened = new AsyncDisposableStack();
    const { client, behind, stands } = await openWay(opened, 50);
    await behind.whole();
    expect(behind.text).not.toContain("rest");
    const text = await Promise.race([client.whole(), client.until("reason")]);
    expect(text).not.toContain(" 200 ");
    client.socket.destroy();
    const told: string[] = [];
    for (const stand of stands) told.push(...outcomes(await stand.close()));
    // Whichever of the two ends cuts it says so; the caller passes on what the callee answered, or the callee sees it gone.
    const cuts = stands.length === 1 ? CUT_BY_ONE : CUT_BY_ONE_OF_TWO;
    expect(cuts).toContainEqual(told);
  });
});
