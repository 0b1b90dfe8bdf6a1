import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import { answerAtOnce, judge, parseReview } from "./admission.ts";
import type { ClusterObject } from "./cluster-object.ts";

const object = { apiVersion: "regomesh.dev/v1alpha1", kind: "Policy", metadata: { name: "p" }, spec: {} };
const review = (request: unknown) => ({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });

test.each([
  ["nothing", undefined],
  ["null", null],
  ["a list", []],
  ["another kind", { ...review({ uid: "u" }), kind: "TokenReview" }],
  ["no request", review(undefined)],
  ["a request of null", review(null)],
  ["a request that is a text", review("uid")],
  ["no uid", review({ object })],
  ["a uid that is no text", review({ uid: {}, object })],
  ["an object that is a text", review({ uid: "u", object: "Policy" })],
  ["an object without a kind", review({ uid: "u", object: { ...object, kind: 1 } })],
  ["an object without a version", review({ uid: "u", object: { ...object, apiVersion: undefined } })],
  ["an object whose metadata is null", review({ uid: "u", object: { ...object, metadata: null } })],
])("%s is no review", (_, body) => {
  expect(parseReview(body)).toBeUndefined();
});

test("what is deleted has no object; what is made has the request's namespace until it names its own", () => {
  expect(parseReview(review({ uid: "u", operation: "DELETE", object: null }))).toMatchObject({ object: undefined });
  const made = parseReview(review({ uid: "u", operation: "CREATE", namespace: "shop", object }));
  expect(made?.object?.metadata).toMatchObject({ name: "p", namespace: "shop" });
});

test("others' kinds and what goes ask for no build; an object that is too large, or too deep, is refused without one", () => {
  const policy = (spec: object, more: Partial<ClusterObject["metadata"]> = {}) => ({
    object: makeObject("Policy/shop/p", spec, { metadata: more }),
  });
  expect(answerAtOnce({ object: makeObject("Pod/shop/p", {}) })).toEqual({ allowed: true });
  expect(answerAtOnce(policy({}, { deletionTimestamp: "2026-11-27T00:00:00Z" }))).toEqual({ allowed: true });
  expect(answerAtOnce(policy({ rego: "x".repeat(1_000_000) }))).toBeUndefined();
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown;
  for (const spec of [{ deep }, { wide: Array.from({ length: 400_000 }, () => 1) }])
    expect(answerAtOnce(policy(spec))?.message).toMatch(/20000 values at most/);
});

test.each([
  ["shop", { allowed: false, message: "MeshTest/shop/t would fail: it is Denied", warnings: [] }],
  ["regomesh-system", { allowed: false, message: "MeshTest/regomesh-system/t would fail: it is Denied", warnings: [] }],
  ["evil", { allowed: true, warnings: ["MeshTest/evil/t would not hold any more"] }],
])(
  "a MeshTest of namespace %s that would fail has a word in its own namespace alone, the root's in all",
  (at, said) => {
    const failed = { file: `MeshTest/${at}/t.yaml`, row: 1, name: `MeshTest ${at}/t`, message: "it is Denied" };
    const found = { diagnostics: [], failedTests: [failed] };
    expect(judge(makeObject("Policy/shop/p", {}), found)).toEqual(said);
  },
);

test("a MeshTest that does not hold yet is let in with a warning: what it is about may come in the same apply", () => {
  const failed = { file: "MeshTest/shop/t.yaml", row: 1, name: "MeshTest shop/t", message: "it is Denied" };
  const found = { diagnostics: [], failedTests: [failed] };
  expect(judge(makeObject("MeshTest/shop/t", {}), found)).toEqual({
    allowed: true,
    warnings: ["it does not hold now: it is Denied"],
  });
});
