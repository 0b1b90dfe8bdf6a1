import { expect, test } from "vitest";
import { changed, makeObject } from "../../test/make-object.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ObjectState, ObjectVerdict } from "./conditions.ts";
import { differenceOf, toStatus } from "./status-patch.ts";

const NOW = "2026-01-01T00:00:00Z";
const ACCEPTED: ObjectVerdict = { kind: "accepted" };
const refused = (hasBefore: boolean): ObjectVerdict => ({ kind: "refused", code: "x", message: "no", hasBefore });
const policy = makeObject("Policy/shop/authz", {});

const said = (object: ClusterObject, more: Partial<ObjectState>) => {
  const state: ObjectState = {
    kind: object.kind,
    generation: object.metadata.generation ?? 0,
    verdict: ACCEPTED,
    revision: "r1",
    isPinned: false,
    workloads: 1,
    proxies: { total: 1, programmed: 1 },
    ...more,
  };
  return toStatus(object, state, NOW);
};
const after = (object: ClusterObject, more: Partial<ObjectState>): ClusterObject => ({
  ...object,
  status: said(object, more),
});

test("the change of another object is no news: it is in force since the revision that it came in", () => {
  const first = after(policy, { revision: "r1" });
  const status = said(first, { revision: "r2" });
  expect([status.revision, differenceOf(first, status)]).toEqual(["r1", "none"]);
});

test.each<readonly [string, ClusterObject, Partial<ObjectState>, string | undefined]>([
  ["another text came in another revision", changed(after(policy, {}), {}), { revision: "r2" }, "r2"],
  ["what is refused is in no revision", policy, { verdict: refused(false), revision: "r2" }, undefined],
  ["of what is refused the text before stays", changed(after(policy, {}), {}), { verdict: refused(true) }, "r1"],
  [
    "what was refused at first came in when it was accepted",
    after(policy, { verdict: refused(false) }),
    { revision: "r2" },
    "r2",
  ],
  [
    "what replaced a text that had stayed came in when it was accepted",
    after(changed(after(policy, {}), {}), { verdict: refused(true) }),
    { revision: "r3" },
    "r3",
  ],
  ["what was taken back came in again later", after(policy, { revision: undefined }), { revision: "r2" }, "r2"],
  ["what is not in force has none", after(policy, {}), { revision: undefined }, undefined],
])("%s", (_, object, state, revision) => {
  expect(said(object, state).revision).toBe(revision);
});

test("a binding that reaches a Policy is told of at once, though its proxies enforce it already", () => {
  const unbound = after(policy, { workloads: 0, proxies: { total: 0, programmed: 0 } });
  expect(differenceOf(unbound, said(unbound, {}))).toBe("conditions");
  const one = after(policy, {});
  expect(differenceOf(one, said(one, { proxies: { total: 2, programmed: 2 } }))).toBe("counts");
});

test("a workload without a proxy is not none", () => {
  const messages = [0, 3].map(
    (workloads) =>
      said(policy, { workloads, proxies: { total: 0, programmed: 0 } }).conditions.find(
        ({ type }) => type === "Programmed",
      )?.message,
  );
  expect(messages).toEqual(["it concerns no workload", "of its 3 workloads no proxy is connected"]);
});

test.each<readonly [string, Partial<ObjectState>, readonly string[]]>([
  [
    "what was taken back compiles and holds, and is not in force",
    { verdict: { kind: "refused", code: "taken_back", message: "taken back: no", hasBefore: true } },
    [
      "Accepted=False TakenBack: taken back: no",
      "Compiled=True Compiled: ",
      "TestsPassed=True TestsPassed: ",
      "Programmed=False TakenBack: what was accepted of it before stays in force",
    ],
  ],
  [
    "below a pin nothing is looked at",
    { verdict: undefined, revision: undefined, isPinned: true },
    ["Accepted", "Compiled", "TestsPassed", "Programmed"].map(
      (type) => `${type}=Unknown Pinned: an operator has pinned another revision above it`,
    ),
  ],
])("%s", (_, more, expected) => {
  const { conditions } = said(policy, more);
  expect(conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`)).toEqual(
    expected,
  );
});
