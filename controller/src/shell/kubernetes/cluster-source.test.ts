/** A cluster as a source, from an API server over a real HTTP/2 connection: what is handed over, and when. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRandom, type Source as Text } from "@regomesh/base";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../../../test/make-lease.ts";
import { changed, makeObject } from "../../../test/make-object.ts";
import { type Asked, answer, Script } from "../../../test/script.ts";
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import type { SourceContent, SourceVerdict } from "../../sources/source.ts";
import type { Authority } from "../ca/authority.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { ApiConnection } from "./api-connection.ts";
import { ClusterSource } from "./cluster-source.ts";

let authority: Authority;
const folder = mkdtempSync(join(tmpdir(), "regomesh-cluster-source-"));
beforeAll(async () => {
  authority = await makeAuthority(folder, Date.now());
});
afterAll(() => rmSync(folder, { recursive: true }));
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const POLICIES = "/apis/regomesh.dev/v1alpha1/trafficpolicies";
const policy = makeObject(
  "TrafficPolicy/shop/orders",
  { services: ["orders"] },
  { metadata: { creationTimestamp: "2026-01-01T00:00:00Z" } },
);
const later = (object: ClusterObject, resourceVersion: string): ClusterObject => ({
  ...object,
  status: { observedGeneration: object.metadata.generation },
  metadata: { ...object.metadata, resourceVersion },
});

/** There is no Service of that name. */
const IN_FORCE = expect.objectContaining({ kind: "unresolved" });

/** What is in force, as the controller keeps it. */
let kept: readonly Text[] | undefined;
afterEach(() => {
  kept = undefined;
});

/** Lists every kind, the one policy among them, and keeps each watch open. */
async function follow(verdictOf: (id: string) => SourceVerdict | undefined, listed = policy) {
  const script = await Script.open(authority.issueServer(["127.0.0.1"], Date.now()));
  closers.push(() => script.close());
  const access = { origin: script.origin, basePath: "", tls: { ca: authority.bundlePem }, headers: async () => ({}) };
  const connection = new ApiConnection(access, SYSTEM_CLOCK);
  const watch = Promise.withResolvers<Asked>();
  const serving = async () => {
    for (;;) {
      const asked = await script.next();
      const isPolicies = asked.path === POLICIES;
      if (asked.query.has("watch")) {
        asked.stream.respond({ ":status": 200 });
        if (isPolicies) watch.resolve(asked);
      } else answer(asked, { metadata: { resourceVersion: "5" }, items: isPolicies ? [listed] : [] });
    }
  };
  void serving();
  const contents: SourceContent[] = [];
  const heard = { status: 0, settled: 0, wake: () => {} };
  const note = (what: "status" | "settled") => () => {
    heard[what]++;
    heard.wake();
  };
  const source = new ClusterSource({
    connection,
    clock: SYSTEM_CLOCK,
    random: makeRandom(1),
    log: { log: () => {} },
    onContent: async (content) => {
      contents.push(content);
    },
    keptFiles: () => kept,
    verdictOf,
    onTrouble: () => {},
    onReadiness: () => {},
    onStatus: note("status"),
    onSettled: note("settled"),
  });
  closers.push(async () => {
    await connection[Symbol.asyncDispose]();
    await source.close();
  });
  const until = async (isSo: () => boolean) => {
    while (!isSo())
      await new Promise<void>((done) => {
        heard.wake = done;
      });
  };
  await source.fetch();
  source.start();
  return { source, contents, heard, until, watch: await watch.promise };
}

const accepted = (id: string): SourceVerdict => ({
  revision: { id, subject: "", author: "", committedAtMs: 0 },
  isAccepted: true,
  refused: [],
});
const say = ({ stream }: Asked, object: ClusterObject) =>
  stream.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);

test("a status that is written is told as such, and makes no other content", async () => {
  const { contents, heard, until, watch } = await follow(accepted);
  expect([contents.length, heard.settled]).toEqual([1, 1]);
  const before = heard.status;
  say(watch, later(policy, "6"));
  await until(() => heard.status > before);
  say(watch, changed(policy, { services: ["mail"] }));
  await until(() => heard.settled > 1);
  expect(contents.map(({ files }) => files[0]?.text.match(/- (.*)/)?.[1])).toEqual(["orders", "mail"]);
  // What is in force at a start waits for nothing, for it would be out of force meanwhile.
  expect(contents.map(({ inPieces, mayWait }) => [inPieces, mayWait])).toEqual([
    [true, false],
    [true, true],
  ]);
});

test("what is answered later than it was asked is looked at again then, and what was said before holds until then", async () => {
  const known = new Map<string, SourceVerdict>();
  const { source, contents, heard, until } = await follow((id) => known.get(id));
  const [content] = contents;
  expect([heard.settled, source.verdicts.size]).toEqual([0, 0]);
  const { id = "" } = content?.revision ?? {};
  known.set(id, accepted(id));
  source.hear(accepted("another"));
  source.hear(accepted(id));
  await until(() => heard.settled > 0);
  expect([...source.verdicts]).toEqual([["TrafficPolicy/shop/orders", IN_FORCE]]);
});

const services = (content: SourceContent | undefined) =>
  content?.files.map(({ text }) => text.match(/- (.*)/)?.[1]).join();

test("what proxies have shown to be wrong is left out until it is changed, what was in force stays, and the status says why", async () => {
  const known = new Map<string, SourceVerdict>();
  const verdictOf = (id: string) => known.get(id) ?? accepted(id);
  const { source, contents, heard, until, watch } = await follow(verdictOf);
  const [first] = contents;
  say(watch, changed(policy, { services: ["mail"] }));
  await until(() => heard.settled > 1);
  const bad = contents.at(-1);
  const verdict = {
    ...accepted(bad?.revision.id ?? ""),
    ...{ isAccepted: false, isTakenBack: true, reason: "proxy shop/a refuses it: no" },
    changed: ["TrafficPolicy/shop/orders.yaml"],
  };
  known.set(verdict.revision.id, verdict);
  kept = first?.files;
  source.hear(verdict);
  await until(() => heard.settled > 2);
  const said = { kind: "refused", code: "taken_back", hasBefore: true };
  const message = "taken back from proxies: proxy shop/a refuses it: no";
  expect([...source.verdicts.values()]).toEqual([{ ...said, message }]);
  expect([services(contents.at(-1)), source.inForceId]).toEqual(["orders", first?.revision.id]);
  say(watch, changed(changed(policy, {}), { services: ["chat"] }));
  await until(() => heard.settled > 3);
  expect([services(contents.at(-1)), [...source.verdicts.values()]]).toEqual(["chat", [IN_FORCE]]);
});

test("after a start what was in force of an object stays, whose newer text is at fault", async () => {
  const text = "apiVersion: regomesh.dev/v1alpha1\nkind: TrafficPolicy\nmetadata:\n  name: orders\n  namespace: shop\n";
  const made = (time: string) => `${text}  creationTimestamp: ${time}\nspec:\n  services:\n    - before\n`;
  const bad = (id: string): SourceVerdict => ({
    ...accepted(id),
    isAccepted: false,
    refused: [
      {
        ...{
          source: "root",
          kind: "TrafficPolicy",
          namespace: "shop",
          name: "orders",
          row: 1,
          reason: "x",
          message: "no",
        },
        file: "TrafficPolicy/shop/orders.yaml",
      },
    ],
  });
  for (const [time, expected] of [
    [policy.metadata.creationTimestamp ?? "", "before"],
    // Another object had that name.
    ["2025-01-01T00:00:00Z", ""],
  ] as const) {
    let asked = 0;
    kept = [{ name: "TrafficPolicy/shop/orders.yaml", text: made(time) }];
    const { contents } = await follow((id) => (asked++ === 0 ? bad(id) : accepted(id)));
    expect(contents.map(services)).toEqual(["orders", expected]);
  }
});

test("after a start what was taken back is not tried again while it is the same text", async () => {
  const said = { type: "Accepted", status: "False", reason: "TakenBack", message: "no", lastTransitionTime: "" };
  for (const [observedGeneration, expected] of [
    [1, ""],
    [0, "orders"],
  ] as const) {
    const status = { conditions: [{ ...said, observedGeneration }] };
    const { contents } = await follow(accepted, { ...policy, status });
    expect(contents.map(services)).toEqual([expected]);
  }
});
