/** A kind followed over a real HTTP/2 connection, from a server that says what each play has it say. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRandom } from "@regomesh/base";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../../../test/make-lease.ts";
import { makeObject } from "../../../test/make-object.ts";
import { type Asked, answer, Script } from "../../../test/script.ts";
import { WATCHED } from "../../kubernetes/watched.ts";
import type { Authority, KeyAndChain } from "../ca/authority.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { ApiConnection } from "./api-connection.ts";
import { Reflector } from "./reflector.ts";

let authority: Authority;
let certificate: KeyAndChain;
const folder = mkdtempSync(join(tmpdir(), "regomesh-reflector-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  authority = await makeAuthority(folder, Date.now());
  certificate = authority.issueServer(["127.0.0.1"], Date.now());
});

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const item = (name: string, resourceVersion: string) => {
  const { kind: _, apiVersion: __, ...rest } = makeObject(`Policy/shop/${name}`, {}, { metadata: { resourceVersion } });
  return rest;
};
const whole = (name: string, resourceVersion: string) =>
  makeObject(`Policy/shop/${name}`, {}, { metadata: { resourceVersion } });
const page = (items: readonly object[], resourceVersion: string, more = "") => ({
  metadata: { resourceVersion, ...(more === "" ? {} : { continue: more }) },
  items,
});

async function follow(kind = "Policy") {
  const script = await Script.open(certificate);
  closers.push(() => script.close());
  const access = { origin: script.origin, basePath: "", tls: { ca: authority.bundlePem }, headers: async () => ({}) };
  const connection = new ApiConnection(access, SYSTEM_CLOCK);
  const told: string[][] = [];
  const watched = WATCHED.find((each) => each.kind === kind);
  if (watched === undefined) throw new Error(`no ${kind}`);
  const presence: boolean[] = [];
  let heard: (() => void) | undefined;
  const reflector = new Reflector({
    watched,
    connection,
    // Waits are over at once: what is asked next is what counts.
    clock: { ...SYSTEM_CLOCK, sleep: async () => {} },
    random: makeRandom(1),
    onChange: (changes) => {
      told.push(changes.map(({ key }) => key.replace("Policy/shop/", "")).sort());
      heard?.();
    },
    onPresence: (isThere) => presence.push(isThere),
    onTrouble: () => {},
  });
  reflector.start();
  closers.push(async () => {
    await connection[Symbol.asyncDispose]();
    await reflector.close();
  });
  /** The next keys that are told. */
  const hear = async () => {
    while (told.length === 0)
      await new Promise<void>((done) => {
        heard = done;
      });
    return told.shift();
  };
  return {
    script,
    hear,
    presence,
    held: () => [...reflector.held.keys()].map((key) => key.replace("Policy/shop/", "")).sort(),
  };
}

const open = ({ stream }: Asked) => stream.respond({ ":status": 200 });
const say = ({ stream }: Asked, type: string, object: object) => stream.write(`${JSON.stringify({ type, object })}\n`);

test("a list is read page by page, and told as one", async () => {
  const { script, hear } = await follow();
  const first = await script.next();
  expect([first.query.get("limit"), first.query.get("continue"), first.query.get("watch")]).toEqual([
    "500",
    null,
    null,
  ]);
  answer(first, page([item("a", "1")], "7", "more"));
  const second = await script.next();
  expect(second.query.get("continue")).toBe("more");
  answer(second, page([item("b", "2")], "7"));
  expect(await hear()).toEqual(["a", "b"]);
  expect((await script.next()).query.get("resourceVersion")).toBe("7");
});

test("a watch goes on from where it was lost, by bookmarks too, and nothing is told of what stayed", async () => {
  const { script, hear, held } = await follow();
  answer(await script.next(), page([item("a", "1"), item("b", "1")], "7"));
  await hear();
  const watch = await script.next();
  open(watch);
  say(watch, "MODIFIED", whole("a", "8"));
  expect(await hear()).toEqual(["a"]);
  say(watch, "BOOKMARK", { kind: "Policy", metadata: { resourceVersion: "12" } });
  say(watch, "DELETED", whole("b", "13"));
  expect(await hear()).toEqual(["b"]);
  say(watch, "BOOKMARK", { kind: "Policy", metadata: { resourceVersion: "20" } });
  say(watch, "ADDED", whole("c", "21"));
  expect(await hear()).toEqual(["c"]);
  script.drop();
  const again = await script.next();
  expect([again.query.get("watch"), again.query.get("resourceVersion"), held()]).toEqual(["1", "21", ["a", "c"]]);
});

test.each([
  [
    "in the stream",
    (asked: Asked) => {
      open(asked);
      say(asked, "ERROR", { kind: "Status", code: 410, message: "too old" });
    },
  ],
  ["as an answer", (asked: Asked) => answer(asked, { kind: "Status", code: 410, message: "too old" }, 410)],
])("where its place is forgotten, %s, all is listed anew and told as what differs", async (_, gone) => {
  const { script, hear, held } = await follow();
  answer(await script.next(), page([item("a", "1"), item("b", "1"), item("c", "1")], "7"));
  await hear();
  gone(await script.next());
  const list = await script.next();
  expect(list.query.get("watch")).toBe(null);
  answer(list, page([item("a", "1"), item("b", "9"), item("d", "9")], "30"));
  expect(await hear()).toEqual(["b", "c", "d"]);
  expect(held()).toEqual(["a", "b", "d"]);
  expect((await script.next()).query.get("resourceVersion")).toBe("30");
});

test("a server that fails is asked again, and nothing is taken for gone", async () => {
  const { script, hear, held } = await follow();
  answer(await script.next(), page([item("a", "1")], "7"));
  await hear();
  for (const status of [500, 429, 403]) {
    answer(await script.next(), { message: "not now" }, status);
    expect(held()).toEqual(["a"]);
  }
  const watch = await script.next();
  expect(watch.query.get("resourceVersion")).toBe("7");
  open(watch);
  say(watch, "ADDED", whole("b", "8"));
  expect(await hear()).toEqual(["b"]);
});

test("a kind that is not installed is said once, found when it is, and gone with its CRD", async () => {
  const { script, hear, held, presence } = await follow("HTTPRoute");
  for (let at = 0; at < 3; at++) answer(await script.next(), { message: "not found" }, 404);
  expect(await hear()).toEqual([]);
  answer(await script.next(), page([item("a", "1")], "7"));
  const [found] = (await hear()) ?? [];
  expect([found, presence]).toEqual(["HTTPRoute/shop/a", [false, true]]);
  answer(await script.next(), { message: "not found" }, 404);
  expect(await hear()).toEqual(["HTTPRoute/shop/a"]);
  expect([held(), presence]).toEqual([[], [false, true, false]]);
});

test("a kind of ours that is not there is nothing that is gone", async () => {
  const { script, hear, held, presence } = await follow();
  answer(await script.next(), page([item("a", "1")], "7"));
  await hear();
  answer(await script.next(), { message: "not found" }, 404);
  expect((await script.next()).query.get("resourceVersion")).toBe("7");
  expect([held(), presence]).toEqual([["a"], [true]]);
});
