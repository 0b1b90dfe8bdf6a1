import { expect, test } from "vitest";
import { Excerpts } from "./blame.ts";

const GIVEN = "a".repeat(40);

test("whoever asks for an excerpt that nobody prepared gets none, and nothing is started", async () => {
  let asked = 0;
  const excerpts = new Excerpts(() => {
    asked++;
    return undefined;
  });
  expect(await excerpts.read("a".repeat(40), "policy.rego", 1)).toBeUndefined();
  expect(asked).toBe(0);
});

test("an excerpt is prepared once, and no more are waited for than a bound", async () => {
  let asked = 0;
  const excerpts = new Excerpts(() => {
    asked++;
    return { gitDir: "/nowhere", commit: GIVEN, file: "policy.rego", path: "" };
  });
  excerpts.give("a".repeat(40));
  for (let row = 1; row <= 1000; row++) excerpts.prepare("a".repeat(40), "policy.rego", row);
  for (let turn = 0; turn < 5; turn++) excerpts.prepare("a".repeat(40), "policy.rego", 1);
  excerpts.prepare("--output=x", "policy.rego", 1);
  for (let row = 1; row <= 1000; row++) await excerpts.read("a".repeat(40), "policy.rego", row);
  expect(asked).toBe(100);
});

test.each<readonly [string, string, string, boolean]>([
  ["a policy of the source", GIVEN, "mesh/authz/policy.rego", true],
  ["a policy of a commit that no proxy was given", "b".repeat(40), "mesh/authz/policy.rego", false],
  ["what is no policy", GIVEN, "mesh/authz/data.yaml", false],
  ["a policy beside the source", GIVEN, "meshed/policy.rego", false],
  ["a policy outside the source", GIVEN, "other/policy.rego", false],
  ["one above the source", GIVEN, "mesh/../other/policy.rego", false],
  ["one by another spelling", GIVEN, "mesh//authz/policy.rego", false],
])("a proxy that names %s", async (_, commit, file, isRead) => {
  let asked = 0;
  const excerpts = new Excerpts((revision, named) => ({
    get gitDir() {
      asked++;
      return "/nonexistent";
    },
    commit: revision,
    file: named,
    path: "mesh",
  }));
  excerpts.give(GIVEN);
  excerpts.prepare(commit, file, 1);
  await excerpts.read(commit, file, 1);
  expect(asked).toBe(isRead ? 1 : 0);
});

test("an excerpt is made when there is nothing more urgent", async () => {
  const { promise: calm, resolve } = Promise.withResolvers<void>();
  let started = false;
  const place = () => ({
    get gitDir() {
      started = true;
      return "/nonexistent";
    },
    commit: GIVEN,
    file: "policy.rego",
    path: "",
  });
  const excerpts = new Excerpts(place, () => calm);
  excerpts.give(GIVEN);
  excerpts.prepare(GIVEN, "policy.rego", 1);
  await new Promise((next) => setImmediate(next));
  expect(started).toBe(false);
  resolve();
  await excerpts.read(GIVEN, "policy.rego", 1);
  expect(started).toBe(true);
});
