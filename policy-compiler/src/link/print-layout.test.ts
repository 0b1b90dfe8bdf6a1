import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printLayout } from "./print-layout.ts";

test("the runtime has the numbers that hosts and compiler have (npm run generate writes them)", () => {
  const file = join(import.meta.dirname, "../../runtime/assembly/layout.ts");
  expect(readFileSync(file, "utf8")).toBe(printLayout());
});
