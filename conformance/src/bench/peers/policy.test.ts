import { expect, test } from "vitest";
import { makeBenchPolicy } from "./policy.ts";

test("the policy that is measured with compiles", async () => {
  expect((await makeBenchPolicy()).ref.entrypoints.map(({ kind }) => kind)).toEqual(["authz"]);
});
