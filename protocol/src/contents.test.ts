import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { joinSnapshot, listText, splitSnapshot } from "./contents.ts";
import { snapshotHash } from "./hashes.ts";
import type { OutboundService, Snapshot } from "./snapshot.ts";

const NAMES = ["web", "orders", "payments", "users"];
const principal = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;

function service(name: string, namespace: string, from: string, port: number): OutboundService {
  return {
    name,
    namespace,
    hosts: [...(namespace === from ? [name] : []), `${name}.${namespace}`],
    port,
    portName: "http",
    subsets: [],
    principals: [principal(name)],
    defaultRoute: [{ weight: 1 }],
    traffic: {
      balancer: "least-request",
      connectTimeoutMs: 1000,
      requestTimeoutMs: 1000,
      idleTimeoutMs: 1000,
      connectionsMax: 10,
      pendingMax: 10,
      retry: { attempts: 1, perTryMs: undefined, on: ["connect"], budgetPercent: 20, budgetMin: 3 },
      breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
    },
  };
}

const someSnapshot = fc
  .record({
    from: fc.constantFrom("default", "team"),
    called: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom("default", "team")), {
      selector: ([name, namespace]) => `${name}.${namespace}`,
    }),
    members: fc.uniqueArray(fc.constantFrom(...NAMES)),
    sequence: fc.nat(),
  })
  .map(
    ({ from, called, members, sequence }): Snapshot => ({
      format: 1,
      revision: { epoch: "e", sequence, name: `r${sequence}` },
      issuedAtMs: 1,
      expiresAtMs: 2,
      mesh: { name: "mesh", trustDomain: "cluster.local", explainDenials: false },
      members: members.toSorted().map((name) => ({ principal: principal(name), workloads: [`default/${name}`] })),
      revoked: { serials: ["ab"], workloads: [] },
      workloads: [
        {
          name: "web",
          namespace: from,
          service: "web",
          labels: {},
          principal: principal("web"),
          inbound: [],
          outbound: called
            .toSorted(([a, x], [b, y]) => (`${a}.${x}` < `${b}.${y}` ? -1 : 1))
            .map(([name, namespace]) => service(name, namespace, from, 80)),
          policies: {},
          defaultVerdict: "deny",
          pathLevel: "BASE",
        },
      ],
    }),
  );

test("a snapshot in parts, put together, is the snapshot", () => {
  fc.assert(
    fc.property(someSnapshot, (snapshot) => {
      const { envelope, contents } = splitSnapshot(snapshot);
      const read = (hash: string) => {
        const text = contents.get(hash);
        return text === undefined ? undefined : (JSON.parse(text) as unknown);
      };
      const joined = joinSnapshot(JSON.parse(canonicalJson(envelope)), read);
      expect(joined.problems).toEqual([]);
      expect(canonicalJson(joined.snapshot)).toBe(canonicalJson(snapshot));
      for (const [hash, text] of contents) expect(snapshotHash(text)).toBe(hash);
    }),
  );
});

test("callers of two namespaces share what they are told of a service", () => {
  const of = (from: string) => {
    const [snapshot] = fc.sample(someSnapshot, 1);
    const workloads = (snapshot as Snapshot).workloads.map((each) => ({
      ...each,
      namespace: from,
      outbound: [service("orders", "default", from, 80)],
    }));
    return splitSnapshot({ ...(snapshot as Snapshot), workloads }).contents;
  };
  const [own, other] = [of("default"), of("team")];
  const orders = [...own.values()].find((text) => text.includes('"name":"orders"')) ?? "";
  expect(other.get(snapshotHash(orders))).toBe(orders);
});

test("each content that is missing is a problem of this machine's, of which a few are said", () => {
  const [snapshot] = fc.sample(someSnapshot, 1);
  const { envelope } = splitSnapshot(snapshot as Snapshot);
  const { problems, snapshot: joined } = joinSnapshot(JSON.parse(canonicalJson(envelope)), () => undefined);
  expect(joined).toBeUndefined();
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["content_missing"]));
});

test.each([
  ["a field that this reader does not know", { later: 1 }, "later is unknown"],
  ["another format", { format: 3 }, "format must be one of 2"],
  ["a name that is no hash", { contents: { mesh: "../x", workloads: [] } }, "contents.mesh must match"],
])("an envelope with %s is refused", (_, change, message) => {
  const [snapshot] = fc.sample(someSnapshot, 1);
  const { envelope } = splitSnapshot(snapshot as Snapshot);
  const { problems } = joinSnapshot({ ...envelope, ...change }, () => ({}));
  expect(problems.map((each) => each.message).join()).toContain(message);
});

test("a list's text does not depend on the order in which its items come", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (items) => {
      const texts = items.map(canonicalJson);
      expect(listText(texts)).toBe(listText([...texts, ...texts].reverse()));
    }),
  );
});
