import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { applyEvent, applyList, type HeldObjects, type WatchEvent } from "./held-objects.ts";

const at = (resourceVersion: string, uid = "1"): ClusterObject =>
  makeObject("Policy/shop/a", {}, { metadata: { uid, resourceVersion } });
const event = (type: WatchEvent["type"], object: WatchEvent["object"]): WatchEvent => ({ type, object });
const KEY = "Policy/shop/a";

const rows: Readonly<
  Record<
    string,
    readonly [held: ClusterObject | undefined, event: WatchEvent, key: string | undefined, version: string | undefined]
  >
> = {
  "what is added is held": [undefined, event("ADDED", at("5")), KEY, "5"],
  "what is added once more is no change": [at("5"), event("ADDED", at("5")), undefined, "5"],
  "what is modified takes its place": [at("5"), event("MODIFIED", at("6")), KEY, "6"],
  "what is deleted goes": [at("5"), event("DELETED", at("7")), KEY, undefined],
  "what is deleted and not held is no change": [undefined, event("DELETED", at("7")), undefined, undefined],
  "the end of an earlier one of that name is not this one's": [
    at("9", "2"),
    event("DELETED", at("7", "1")),
    undefined,
    "9",
  ],
  "made again under its name it is another": [at("5"), event("ADDED", at("5", "2")), KEY, "5"],
  "a bookmark changes nothing": [at("5"), event("BOOKMARK", { metadata: { ...at("9").metadata } }), undefined, "5"],
  "an error changes nothing": [at("5"), event("ERROR", { code: 410 }), undefined, "5"],
};
test.each(Object.entries(rows))("%s", (_, [held, word, key, version]) => {
  const objects: HeldObjects = new Map(held === undefined ? [] : [[KEY, held]]);
  const change = applyEvent(objects, word);
  expect(change?.key).toBe(key);
  expect(change === undefined ? [] : [change.before, change.after]).toEqual(
    key === undefined ? [] : [held, objects.get(KEY)],
  );
  expect(objects.get(KEY)?.metadata.resourceVersion).toBe(version);
});

test("a list says what is new, what differs and what is gone, each once", () => {
  const named = (name: string, resourceVersion: string, uid = name) =>
    makeObject(`Policy/shop/${name}`, {}, { metadata: { uid, resourceVersion } });
  const held: HeldObjects = new Map();
  expect(applyList(held, [named("a", "1"), named("b", "1"), named("c", "1"), named("d", "1")])).toHaveLength(4);
  const changed = applyList(held, [named("a", "1"), named("b", "2"), named("d", "1", "again"), named("e", "1")]);
  expect(changed.map(({ key }) => key).sort()).toEqual(["b", "c", "d", "e"].map((name) => `Policy/shop/${name}`));
  expect([...held.keys()].sort()).toEqual(["a", "b", "d", "e"].map((name) => `Policy/shop/${name}`));
  expect(applyList(held, [...held.values()])).toEqual([]);
});
