import { expect, test } from "vitest";
import { printDiff } from "./diff.ts";

test("printDiff shows changed lines with three around them, and joins changes that are near", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", ""];
  const after = before.map((line) => (line === "b" || line === "o" ? line.toUpperCase() : line)).toSpliced(4, 0, "new");
  expect(printDiff("p.rego", before.join("\n"), after.join("\n"))).toBe(
    `--- p.rego
+++ p.rego
@@ -1,7 +1,8 @@
 a
-b
+B
 c
 d
+new
 e
 f
 g
@@ -12,5 +13,5 @@
 l
 m
 n
-o
+O
${" "}
`,
  );
  expect(printDiff("p.rego", "a\n", "a\n")).toBe("");
});
