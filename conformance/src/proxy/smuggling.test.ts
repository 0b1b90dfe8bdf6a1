/** What a client says of itself in fields: nothing of it reaches `input.source`, nor the application as the mesh's word. */

import { TestAuthority } from "@regomesh/proxy/test";
import { afterEach, expect, test } from "vitest";
import { dialMesh } from "./stand/mesh-client.ts";
import { AUTHZ, makeRegoPolicy } from "./stand/policy.ts";
import { openStand, outcomes, type Stand } from "./stand/stand.ts";
import { exchange, Played, response } from "./stand/wire.ts";

const VICTIM = "spiffe://cluster.local/ns/default/sa/admin";
const CALLER = "spiffe://cluster.local/ns/default/sa/caller";

/** Tells in a field what the policy sees, and lets everything pass. */
const TELLS = `package mesh.authz

seen := json.marshal({"source": object.get(input, "source", null), "principal": object.get(input.attributes.source, "principal", null)})

allow := {"allowed": true, "response_headers_to_add": {"x-seen": seen}}
`;

const FIELDS = [
  `X-Forwarded-Client-Cert: URI=${VICTIM}`,
  `x-forwarded-client-cert: By=${VICTIM};Hash=00;Subject="";URI=${VICTIM}`,
  `X-FORWARDED-CLIENT-CERT:URI=${VICTIM}`,
  `X-Forwarded-Client-Cert: URI=${CALLER}\r\nX-Forwarded-Client-Cert: URI=${VICTIM}`,
  `X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1;by=${VICTIM}`,
  `X-Source-Principal: ${VICTIM}\r\nX-Envoy-Peer-Metadata-Id: ${VICTIM}`,
  `source: ${VICTIM}\r\nprincipal: ${VICTIM}\r\nattributes.source.principal: ${VICTIM}`,
  `X-Regomesh-Decision: AAAAAAAAAA`,
  `Connection: x-forwarded-client-cert\r\nX-Forwarded-Client-Cert: URI=${VICTIM}`,
];

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** An application that answers with the head that it got. */
async function openMirror(): Promise<Played> {
  const app = await Played.open(async (wire) => {
    for (;;) {
      const text = await wire.until("\r\n\r\n", 600_000).catch(() => undefined);
      if (text === undefined) return;
      wire.text = "";
      wire.write(response(text));
    }
  });
  open.push(app);
  return app;
}

function expectUnheard(text: string): void {
  const seen = /x-seen: (.*)\r/.exec(text)?.[1] ?? "";
  expect(seen).not.toBe("");
  expect(seen).not.toContain("admin");
  const content = text.slice(text.indexOf("\r\n\r\n") + 4);
  const said = content.split("\r\n").filter((line) => /^x-forwarded-client-cert|^x-regomesh-decision/i.test(line));
  expect(said.join("\n")).not.toMatch(/admin|AAAAAAAAAA/);
}

test.each(FIELDS)("in plaintext, %j makes nobody anybody", async (fields) => {
  const app = await openMirror();
  const policy = await makeRegoPolicy(TELLS, [AUTHZ]);
  const stand = await openStand({
    app: app.port,
    modules: [policy.module],
    workload: { policies: { inbound: policy.ref } },
  });
  const text = await exchange(stand.inbound, `GET / HTTP/1.1\r\nHost: web\r\n${fields}\r\n\r\n`);
  expectUnheard(text);
  expect(/x-seen: (.*)\r/.exec(text)?.[1]).not.toContain("spiffe:");
  expect(outcomes(await stand.close())).toEqual(["GET / 200"]);
  await app.deserted();
});

test("over mTLS, no field is heard beside the certificate, also not on a connection that is used again", async () => {
  const authority = new TestAuthority("cluster.local");
  const app = await openMirror();
  const policy = await makeRegoPolicy(TELLS, [AUTHZ]);
  const stand: Stand = await openStand({
    app: app.port,
    modules: [policy.module],
    workload: { policies: { inbound: policy.ref } },
    identity: authority.identity("spiffe://cluster.local/ns/default/sa/web"),
  });
  const client = await dialMesh(stand.inbound, authority.identity(CALLER));
  for (const [index, fields] of FIELDS.entries()) {
    client.text = "";
    client.write(`GET /${index} HTTP/1.1\r\nHost: web\r\n${fields}\r\n\r\n`);
    const text = await client.until(/\r\n\r\n[\s\S]*\r\n\r\n/);
    expectUnheard(text);
    expect(text).toContain(`"principal":"${CALLER}"`);
    const content = text.slice(text.indexOf("\r\n\r\n") + 4);
    expect([...content.matchAll(/^x-forwarded-client-cert: (.*)\r$/gim)].map(([, value]) => value)).toEqual([
      `URI=${CALLER}`,
    ]);
  }
  client.end();
  await client.whole();
  const records = await stand.close();
  expect(records.map(({ source, status }) => `${status} ${source}`)).toEqual(FIELDS.map(() => `200 ${CALLER}`));
  await app.deserted();
});
