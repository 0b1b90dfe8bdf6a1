/** Those who come at once, of whom Node takes one in a turn: each is served, and is seen as who it is. */
import { connect as connectTls } from "node:tls";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { Client, openBackend, plainOptions, statuses } from "../test/bench.ts";
import { makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { setUp } from "../test/policy-bench.ts";
import { TestAuthority } from "../test/test-authority.ts";
import { openProxy } from "./proxy.ts";

const CROWD = 60;
const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

test("policies see each by its own address and port", async () => {
  const rules = `allow := {"allowed": true, "headers": {"x-given": sprintf("%s %d", [from.address, from.portValue])}} if {
	from := input.attributes.source.address.socketAddress
}`;
  const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz(rules)) });
  const clients = Array.from({ length: CROWD }, () => new Client(bench.inbound));
  for (const client of clients) client.write("GET / HTTP/1.1\r\nHost: s\r\n\r\n");
  for (const client of clients) {
    const text = await client.until("x-backend");
    expect(text).toContain(`x-backend: 127.0.0.1 ${client.socket.localPort}\r\n`);
  }
  for (const client of clients) client.close();
});

test("over mutual TLS each is asked who it is", async () => {
  const authority = new TestAuthority("cluster.local");
  const stranger = new TestAuthority("cluster.local");
  const backend = await openBackend((request, response) =>
    response.end(String(request.headers["x-forwarded-client-cert"])),
  );
  const orders = await openProxy(plainOptions(backend.port));
  open.push(backend, orders);
  await orders.setIdentity(authority.identity(ID("orders")));
  await orders.applyFile(makeSnapshotFile(makeSnapshot(makeWorkload({ principal: ID("orders") })), [], []));
  const ask = async (index: number): Promise<string> => {
    const { keyPem: key, chainPem: cert } = (index % 4 === 3 ? stranger : authority).identity(ID(`web-${index}`));
    const { port } = orders.addresses.inbound["http"] ?? { port: 0 };
    const socket = connectTls({ host: "127.0.0.1", port, key, cert, rejectUnauthorized: false });
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    await new Promise((done) => socket.once("close", done));
    return text;
  };
  const texts = await Promise.all(Array.from({ length: CROWD / 2 }, (_, index) => ask(index)));
  for (const [index, text] of texts.entries()) {
    expect(statuses(text)).toEqual(index % 4 === 3 ? [] : [200]);
    if (index % 4 !== 3) expect(text).toContain(`URI=${ID(`web-${index}`)}`);
  }
});
