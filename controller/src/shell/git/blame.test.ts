import { expect, test } from "vitest";
import { Excerpts } from "./blame.ts";

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
    return undefined;
  });
  for (let row = 1; row <= 1000; row++) excerpts.prepare("a".repeat(40), "policy.rego", row);
  for (let turn = 0; turn < 5; turn++) excerpts.prepare("a".repeat(40), "policy.rego", 1);
  excerpts.prepare("--output=x", "policy.rego", 1);
  for (let row = 1; row <= 1000; row++) await excerpts.read("a".repeat(40), "policy.rego", row);
  expect(asked).toBe(100);
});
