/** Peers that cannot prove who they must be, on either side: refused with the reason, and the right one passes next. */
import type { Server as TlsServer } from "node:tls";
import type { Identity } from "@regomesh/proxy";
import { TestAuthority } from "@regomesh/proxy/test";
import { afterEach, expect, test } from "vitest";
import { dialMesh, startMeshClient } from "./stand/mesh-client.ts";
import { AUTHZ, makeRegoPolicy } from "./stand/policy.ts";
import { endpointAt, openStand, outcomes, reasonsOf, SOON_MS } from "./stand/stand.ts";
import { echo, Played } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

const HOUR_MS = 3_600_000;
const ID = (workload: string, domain = "cluster.local"): string => `spiffe://${domain}/ns/default/sa/${workload}`;

const mesh = new TestAuthority("cluster.local");
const stranger = new TestAuthority("cluster.local");
const past = { notBeforeMs: Date.now() - 2 * HOUR_MS, notAfterMs: Date.now() - HOUR_MS };
const future = { notBeforeMs: Date.now() + HOUR_MS, notAfterMs: Date.now() + 2 * HOUR_MS };

type Shown = Pick<Identity, "keyPem" | "chainPem">;

/** What `workload` could show that no one may accept, and what the receiver says of it. */
const WRONG: readonly (readonly [string, string, (workload: string) => Shown])[] = [
  ["has expired", "CERT_HAS_EXPIRED", (workload) => mesh.issue({ uris: [ID(workload)], ...past })],
  ["is not valid yet", "CERT_NOT_YET_VALID", (workload) => mesh.issue({ uris: [ID(workload)], ...future })],
  ["is of another authority", "CERT_SIGNATURE_FAILURE", (workload) => stranger.issue({ uris: [ID(workload)] })],
  [
    "is of another trust domain",
    "trust-domain-foreign",
    (workload) => mesh.issue({ uris: [ID(workload, "other.domain")] }),
  ],
  ["has two URI names", "uri-repeated", (workload) => mesh.issue({ uris: [ID(workload), ID("other")] })],
  ["has a common name alone", "uri-missing", (workload) => mesh.issue({ uris: [], commonName: ID(workload) })],
  [
    "has a DNS name alone",
    "uri-missing",
    (workload) => mesh.issue({ uris: [], dnsNames: [workload], commonName: workload }),
  ],
  ["names no workload", "spiffe-id-without-path", () => mesh.issue({ uris: ["spiffe://cluster.local"] })],
  [
    "has a URI that is no SPIFFE ID",
    "spiffe-id-invalid",
    (workload) => mesh.issue({ uris: [`https://cluster.local/${workload}`] }),
  ],
];

const opened: Played[] = [];
afterEach(async () => {
  for (const played of opened.splice(0)) await played.close();
});

async function openService(shown: Shown): Promise<Played> {
  const { keyPem: key, chainPem: cert } = shown;
  const common = { ca: mesh.bundlePem, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["http/1.1"] };
  const service = await Played.open(echo, { ...common, key, cert, minVersion: "TLSv1.3" });
  opened.push(service);
  return service;
}

const NOT_THE_SERVICE: typeof WRONG = [
  ["is a workload's of the mesh, but not of this service", "", () => mesh.issue({ uris: [ID("payments")] })],
  ["is of another namespace", "", () => mesh.issue({ uris: ["spiffe://cluster.local/ns/other/sa/orders"] })],
];

test.each([...WRONG, ...NOT_THE_SERVICE])(
  "a server whose certificate %s gets no request: 503 peer_identity",
  async (_, _fault, wrong) => {
    const service = await openService(wrong("orders"));
    const stand = await openStand({
      identity: mesh.identity(ID("web")),
      orders: [endpointAt(service.port, { principal: ID("orders") })],
      service: { principals: [ID("orders")] },
    });
    const text = await within(SOON_MS, "an answer", stand.askOrders("/secret"));
    expect([/^HTTP\/1.1 503 /.test(text), reasonsOf(text)]).toEqual([true, ["peer_identity"]]);
    const right = mesh.issue({ uris: [ID("orders")] });
    (service.server as TlsServer).setSecureContext({ key: right.keyPem, cert: right.chainPem, ca: mesh.bundlePem });
    expect(await stand.askOrders("/next")).toContain("200 OK");
    expect(outcomes(await stand.close())).toEqual(["GET /secret 503 peer_identity", "GET /next 200"]);
    await service.deserted();
    // The wrong ones were told nothing.
    expect(service.wires.slice(0, -1).map(({ text }) => text)).toEqual(service.wires.slice(1).map(() => ""));
  },
);

test("a server that may be the service, but is not the workload of the address, is refused", async () => {
  const service = await openService(mesh.issue({ uris: [ID("orders-v2")] }));
  const stand = await openStand({
    identity: mesh.identity(ID("web")),
    orders: [endpointAt(service.port, { principal: ID("orders") })],
    service: { principals: [ID("orders"), ID("orders-v2")] },
  });
  expect(reasonsOf(await stand.askOrders("/secret"))).toEqual(["peer_identity"]);
  await stand.close();
  await service.deserted();
});

test("a server that speaks plaintext, or closes within the handshake, is refused", async () => {
  for (const part of [echo, (wire: { end(): unknown }) => void wire.end()]) {
    const service = await Played.open(part);
    opened.push(service);
    const stand = await openStand({
      identity: mesh.identity(ID("web")),
      orders: [endpointAt(service.port, { principal: ID("orders") })],
    });
    const text = await within(SOON_MS, "an answer", stand.askOrders("/secret"));
    expect(text).toMatch(/^HTTP\/1.1 503 /);
    expect(["peer_refused", "connect_failed", "connect_timeout"]).toContain(reasonsOf(text)[0]);
    expect(service.wires.map(({ text: seen }) => seen).join("")).not.toContain("/secret");
    await stand.close();
    await service.deserted();
  }
});

async function openReceiver(): Promise<{ app: Played; stand: Awaited<ReturnType<typeof openStand>> }> {
  const app = await Played.open(echo);
  opened.push(app);
  const policy = await makeRegoPolicy(`package mesh.authz\n\nallow if input.source.principal == "${ID("web")}"`, [
    AUTHZ,
  ]);
  const stand = await openStand({
    app: app.port,
    identity: mesh.identity(ID("orders")),
    modules: [policy.module],
    workload: { policies: { inbound: policy.ref }, defaultVerdict: "deny" },
  });
  return { app, stand };
}

const REQUEST = "GET /secret HTTP/1.1\r\nHost: orders\r\n\r\n";

/** The next client, which is right, is served; what the proxy said of the wrong one. */
async function finish({ app, stand }: Awaited<ReturnType<typeof openReceiver>>): Promise<readonly string[]> {
  const right = await dialMesh(stand.inbound, mesh.identity(ID("web")));
  right.write("GET /next HTTP/1.1\r\nHost: orders\r\n\r\n");
  await right.until("GET /next");
  right.end();
  await right.whole();
  expect(right.statuses).toEqual([200]);
  const records = await stand.close();
  await app.deserted();
  expect(app.wires.length).toBe(1);
  expect(outcomes(records)).toEqual(["GET /next 200"]);
  return stand.said.map(({ message, error, fault }) => `${message}: ${error ?? fault}`);
}

test.each([...WRONG, ["is not there", "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", () => undefined] as const])(
  "a client whose certificate %s is let go without a word, and the log says why",
  async (_, fault, wrong) => {
    const receiver = await openReceiver();
    const client = startMeshClient(receiver.stand.inbound, wrong("web"));
    client.write(REQUEST);
    expect(await client.whole(SOON_MS)).toBe("");
    expect(await receiver.stand.metric("handshake_failures")).toBe(1);
    const said = await finish(receiver);
    expect(said).toEqual([`a ${fault.startsWith("ERR_") ? "handshake failed" : "peer was refused"}: ${fault}`]);
  },
);

test("a client in plaintext is let go without a word", async () => {
  const receiver = await openReceiver();
  expect(await within(SOON_MS, "the end", receiver.stand.ask("/secret"))).toBe("");
  await finish(receiver);
});

test("a workload of the mesh that the policy does not know is denied, by name", async () => {
  const { app, stand } = await openReceiver();
  const client = await dialMesh(stand.inbound, mesh.identity(ID("payments")));
  client.end(REQUEST);
  expect(await client.whole()).toMatch(/^HTTP\/1.1 403 /);
  const [record] = await stand.close();
  expect([record?.source, record?.reason]).toEqual([ID("payments"), "denied"]);
  await app.deserted();
});
