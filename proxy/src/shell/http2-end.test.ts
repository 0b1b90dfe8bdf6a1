/** How connections of HTTP/2 come to their end without costing a request: draining, the end of an identity. */
import { type ClientHttp2Session, connect, constants, type SecureClientSessionOptions } from "node:http2";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { type Backend, openBackend, openBench, plainOptions } from "../test/bench.ts";
import { makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { type LeafOptions, TestAuthority } from "../test/test-authority.ts";
import { openProxy, type Sidecar } from "./proxy.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function session(url: string, options?: SecureClientSessionOptions): ClientHttp2Session {
  const opened = connect(url, options);
  opened.on("error", () => {});
  open.push({ close: async () => void opened.destroy() });
  return opened;
}

type Told = { readonly status: number; readonly text: string; readonly code: number };

function ask(client: ClientHttp2Session, path = "/"): Promise<Told> {
  const stream = client.request({ ":path": path, ":authority": "orders" });
  let status = 0;
  let text = "";
  stream.on("response", (head) => {
    status = Number(head[":status"]);
  });
  stream.on("data", (part) => {
    text += String(part);
  });
  stream.on("error", () => {});
  return new Promise((done) => stream.on("close", () => done({ status, text, code: stream.rstCode })));
}

/** A backend that holds what is asked for `/held` until it is told to let go. */
async function openHolding(): Promise<Backend & { letGo(): void; readonly held: () => number }> {
  const held: (() => void)[] = [];
  const backend = await openBackend((request, response) => {
    const answer = () => void response.end(String(request.headers["x-forwarded-client-cert"] ?? "done"));
    if (request.url === "/held") held.push(answer);
    else answer();
  });
  open.push(backend);
  return {
    ...backend,
    letGo: () => {
      for (const answer of held.splice(0)) answer();
    },
    held: () => held.length,
  };
}

const turn = () => new Promise((next) => setImmediate(next));

test("draining says so by GOAWAY, in two steps, and no request that was sent fails", async () => {
  const backend = await openHolding();
  const bench = await openBench(backend.port);
  const client = session(`http://127.0.0.1:${bench.inbound}`);
  const idle = session(`http://127.0.0.1:${bench.inbound}`);
  const lasts: number[] = [];
  client.on("goaway", (_code, last) => lasts.push(last ?? -1));
  const held = ask(client, "/held");
  while (backend.held() === 0) await turn();
  const answers: (Told & { readonly path: string })[] = [];
  let asking = 0;
  const askOn = async (): Promise<void> => {
    while (!client.closed && lasts.length === 0) {
      const path = `/${asking++}`;
      answers.push({ path, ...(await ask(client, path)) });
    }
  };
  const loops = Array.from({ length: 8 }, askOn);
  while (answers.length < 20) await turn();
  const drained = bench.proxy.drain(10_000);
  await Promise.all(loops);
  backend.letGo();
  expect((await held).status).toBe(200);
  await drained;
  expect(answers.length).toBe(asking);
  // What its client had not sent before it heard of it, it refuses by itself, and may ask elsewhere.
  const refused = answers.filter(({ status, code }) => status === 0 && code === constants.NGHTTP2_REFUSED_STREAM);
  expect(backend.seen.filter((seen) => refused.some(({ path }) => seen === `GET ${path}`))).toEqual([]);
  expect(answers.filter((answer) => !refused.includes(answer) && answer.status !== 200)).toEqual([]);
  expect(answers.length - refused.length).toBe(backend.seen.length - 1);
  // First of everything, then of what came.
  expect([lasts[0], lasts.length]).toEqual([0x7fffffff, 2]);
  expect(idle.destroyed || idle.closed).toBe(true);
});

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");

async function openOrders(appPort: number, graceMs: number, rules?: string): Promise<Sidecar> {
  const sidecar = await openProxy({
    ...plainOptions(appPort),
    graceMs,
  });
  open.push(sidecar);
  await sidecar.setIdentity(authority.identity(ID("orders")));
  const policy = rules === undefined ? undefined : makePolicy(makeAuthz(rules));
  const workload = makeWorkload({
    name: "orders",
    service: "orders",
    principal: ID("orders"),
    policies: policy === undefined ? {} : { inbound: policy.ref },
  });
  await sidecar.applyFile(makeSnapshotFile(makeSnapshot(workload), policy === undefined ? [] : [policy.module], []));
  return sidecar;
}

function peer(orders: Sidecar, leaf: Partial<LeafOptions> = {}): ClientHttp2Session {
  const { keyPem: key, chainPem: cert } = authority.identity(ID("web"), leaf);
  const ca = authority.bundlePem;
  const port = orders.addresses.inbound["http"]?.port ?? 0;
  return session(`https://127.0.0.1:${port}`, { key, cert, ca, checkServerIdentity: () => undefined });
}

test("a peer speaks HTTP/2 by ALPN, and each of its streams is decided by itself", async () => {
  const backend = await openHolding();
  const orders = await openOrders(backend.port, 1000, 'default allow := false\n\nallow if http.path == "/yes"');
  const client = peer(orders);
  const answers = await Promise.all(["/yes", "/no", "/yes", "/no"].map((path) => ask(client, path)));
  expect(client.alpnProtocol).toBe("h2");
  expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403]);
  expect(answers[0]?.text).toContain(`URI=${ID("web")}`);
});

test("the end of a peer's certificate ends its connection: what is under way has its grace, and no more", async () => {
  const backend = await openHolding();
  const orders = await openOrders(backend.port, 200);
  const client = peer(orders, { notAfterMs: Date.now() + 2000 });
  expect((await ask(client)).status).toBe(200);
  let last: number | undefined;
  client.on("goaway", (_code, id) => {
    last ??= id;
  });
  const held = ask(client, "/held");
  const answer = await held;
  expect([last, answer.status, answer.text.includes('"reason":"connection_ended"')]).toEqual([3, 503, true]);
  expect(backend.seen).toEqual(["GET /", "GET /held"]);
});

test("the end of a peer's certificate ends a connection that is draining, too", async () => {
  const backend = await openHolding();
  const orders = await openOrders(backend.port, 100);
  const client = peer(orders, { notAfterMs: Date.now() + 2000 });
  expect((await ask(client)).status).toBe(200);
  const lasts: (number | undefined)[] = [];
  client.on("goaway", (_code, last) => lasts.push(last));
  const held = ask(client, "/held");
  while (backend.held() === 0) await turn();
  const drained = orders.drain(60_000);
  expect([(await held).text.includes('"reason":"connection_ended"'), lasts.length]).toEqual([true, 2]);
  await drained;
});

test("a certificate that is taken back ends its connection at once", async () => {
  const backend = await openHolding();
  const orders = await openOrders(backend.port, 60_000);
  const client = peer(orders);
  const held = ask(client, "/held");
  while (backend.held() === 0) await turn();
  const workloads = [{ workload: "default/web", principal: ID("web"), beginsBeforeMs: Date.now() + 60_000 }];
  await orders.plane.revoke({ serials: [], workloads });
  expect((await held).status).toBe(0);
});
