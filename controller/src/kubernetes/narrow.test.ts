/** Faults that name nobody: who they are of is found out, and all others go on. */
import { expect, test } from "vitest";
import { changed, makeObject, makePod, makeService } from "../../test/make-object.ts";
import type { SourceVerdict } from "../sources/source.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import type { Objects } from "./cluster-tree.ts";
import { settleObjects, type TakenBack } from "./settle-objects.ts";

const objects = (all: readonly ClusterObject[]): Objects => new Map(all.map((each) => [objectKey(each), each]));
const traffic = (key: string) => makeObject(`TrafficPolicy/${key}`, { services: ["orders"] });
const bad = (key: string) => makeObject(`TrafficPolicy/${key}`, { services: ["bad"] });

/** A content holds as long as nothing in it says `bad`; TrafficPolicies without their Service are named. */
function judge(files: readonly { readonly name: string; readonly text: string }[]): Omit<SourceVerdict, "revision"> {
  if (files.some(({ text }) => text.includes("- bad")))
    return {
      isAccepted: false,
      refused: [],
      reason: "snapshot_field: the snapshot of workload shop/a is wrong",
    };
  const stray = files.filter(
    ({ name }) =>
      name.startsWith("TrafficPolicy/") && !files.some(({ name: other }) => other.startsWith("MeshService/")),
  );
  const refused = stray.map(({ name: file }) => ({
    ...{
      source: "root",
      kind: "",
      namespace: "",
      name: "",
      row: 1,
      reason: "reference_unknown",
      message: "no service",
    },
    file,
  }));
  return { isAccepted: refused.length === 0, refused };
}

async function play(newest: readonly ClusterObject[], inForce: readonly ClusterObject[] = [], takenBack?: TakenBack) {
  const tried: string[][] = [];
  const settled = await settleObjects(
    objects(newest),
    objects(inForce),
    async (files) => {
      tried.push(files.map(({ name }) => name));
      return { revision: { id: "", subject: "", author: "", committedAtMs: 0 }, ...judge(files) };
    },
    takenBack === undefined ? {} : { takenBack },
  );
  const refused = [...settled.verdicts].flatMap(([key, verdict]) =>
    verdict.kind === "refused" ? [`${key} ${verdict.code}: ${verdict.message}`] : [],
  );
  return { ...settled, refused, tried: tried.length };
}

const mesh = [makeService("shop/orders", "orders"), makePod("shop/orders-1", { app: "orders" })];
const many = Array.from({ length: 500 }, (_, at) => traffic(`team-${at % 50}/t-${at}`));

test("of five hundred that come together two are found, and all others are in force", async () => {
  const found = await play([...mesh, ...many, bad("team-7/x"), bad("team-31/y")]);
  const said = "release_refused: the snapshot of workload shop/a is wrong";
  expect([found.isAccepted, found.refused]).toEqual([
    true,
    [`TrafficPolicy/team-7/x ${said}`, `TrafficPolicy/team-31/y ${said}`],
  ]);
  expect([...found.inForce.keys()].sort()).toEqual([...mesh, ...many].map(objectKey).sort());
  expect(found.tried).toBeLessThan(45);
});

test("what is at fault stays as it was in force", async () => {
  const before = traffic("shop/x");
  const found = await play([...mesh, changed(before, { services: ["bad"] }), traffic("shop/y")], [...mesh, before]);
  expect([found.isAccepted, found.inForce.get("TrafficPolicy/shop/x")]).toEqual([true, before]);
  expect([...found.inForce.keys()]).toContain("TrafficPolicy/shop/y");
  expect(found.verdicts.get("TrafficPolicy/shop/x")).toMatchObject({ code: "release_refused", hasBefore: true });
});

test("where what is in force does not hold itself, what has changed waits, and says so", async () => {
  const found = await play([...mesh, bad("shop/x"), traffic("shop/y")], [...mesh, bad("shop/x")]);
  expect([found.isAccepted, found.refused]).toEqual([
    false,
    ["TrafficPolicy/shop/y held: held: the snapshot of workload shop/a is wrong"],
  ]);
});

test.each([
  ["of the namespace whose proxies refuse it", ["shop"], ["shop/a"]],
  ["everywhere, where no proxy is named", [], ["shop/a", "team/b"]],
  ["everywhere, where none of that namespace has", ["other"], ["shop/a", "team/b"]],
])("of a release that was taken back that is left out which has changed %s", async (_, refusedIn, expected) => {
  const newest = [...mesh, traffic("shop/a"), traffic("team/b"), traffic("team/c")];
  const takenBack: TakenBack = new Map();
  let asked = 0;
  const settled = await settleObjects(
    objects(newest),
    objects([...mesh, traffic("team/c")]),
    async () => {
      const revision = { id: "", subject: "", author: "", committedAtMs: 0 };
      if (asked++ > 0) return { revision, isAccepted: true, refused: [] };
      const changed = ["MeshService/shop/orders.yaml", "TrafficPolicy/shop/a.yaml", "TrafficPolicy/team/b.yaml"];
      return { revision, isAccepted: false, isTakenBack: true, reason: "no", refused: [], refusedIn, changed };
    },
    { takenBack },
  );
  const left = [...settled.verdicts].filter(([, verdict]) => verdict.kind === "refused").map(([key]) => key);
  expect(left).toEqual(expected.map((key) => `TrafficPolicy/${key}`));
  expect([...takenBack.keys()]).toEqual(left);
  // It is not tried again while it is the same text.
  const again = await play(newest, [...settled.inForce.values()], takenBack);
  expect([again.refused.length, again.tried]).toEqual([expected.length, 1]);
});
