/** Whose tests run, in which order, and who waits. */
import { parseResources } from "@regomesh/resources";
import { expect, test } from "vitest";
import { makeTools } from "../../test/make-tools.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { build } from "./build.ts";
import { type PolicyTools, TurnOver } from "./tools.ts";

const policy = (namespace: string, name: string, time: string) => ({
  name: `Policy/${namespace}/${name}.yaml`,
  text: `apiVersion: regomesh.dev/v1alpha1
kind: Policy
metadata: { name: ${name}, namespace: ${namespace}, creationTimestamp: "2026-01-01T00:00:${time}Z" }
spec: { modules: { a.rego: "package a\\n\\ntest_a := true" } }
`,
});
const [old, b1, b2, b3, good] = [
  policy("evil", "old", "09"),
  policy("evil", "b1", "01"),
  policy("evil", "b2", "02"),
  policy("evil", "b3", "03"),
  policy("shop", "good", "30"),
] as const;

/** Each test of `evil` takes 4 s, of which a turn has room for as many as begin in it. */
function play(mayWait: boolean, fresh: readonly string[], isOver: (ran: readonly string[]) => boolean) {
  const ran: string[] = [];
  const tools: PolicyTools = {
    ...makeTools(),
    parse: parseResources,
    test: ({ name }) => {
      if (isOver(ran)) throw new TurnOver();
      ran.push(name.replace("Policy/", ""));
      return { diagnostics: [], passed: 1, failed: [], cpuMs: name.includes("/evil/") ? 4000 : 1 };
    },
  };
  const tree = { path: "", files: [old, b1, b2, b3, good], mayWait, fresh };
  const verdicts = () =>
    build([tree], { rights: ALL_RIGHTS }, tools).verdicts.map(({ name, reason }) => `${name} ${reason}`);
  return { ran, verdicts };
}

test("a unit without tests needs none of its namespace's time", () => {
  const bare = { ...b3, text: b3.text.replace("test_a", "a") };
  const tools: PolicyTools = {
    ...makeTools(),
    parse: parseResources,
    test: () => ({ diagnostics: [], passed: 1, failed: [], cpuMs: 9000 }),
  };
  const { verdicts } = build([{ path: "", files: [b1, b2, bare] }], { rights: ALL_RIGHTS }, tools);
  expect(verdicts.map(({ name, reason }) => `${name} ${reason}`)).toEqual(["b2 test_time"]);
});

const NEW = [b1, b2, b3, good].map(({ name }) => name);

test("what is in force is tested before what is new, and of that of each namespace what it has taken least for", () => {
  const { ran, verdicts } = play(true, NEW, () => false);
  expect([verdicts(), ran]).toEqual([
    ["b2 test_time", "b3 test_time"],
    ["evil/old", "shop/good", "evil/b1", "evil/b2"],
  ]);
});

test("what is new of a cluster waits for its turn, and others go on without it", () => {
  const { verdicts } = play(true, NEW, (ran) => ran.length >= 3);
  expect(verdicts()).toEqual(["b2 test_waiting", "b3 test_waiting"]);
});

test.each([
  ["what is in force", true, NEW.slice(1)],
  ["what belongs together", false, NEW],
])("%s waits for no turn: the build is left", (_, mayWait, fresh) => {
  const { verdicts } = play(mayWait, fresh, (ran) => ran.length >= 1);
  expect(verdicts).toThrow(TurnOver);
});
