/** What a kept part of a long text holds in memory: asked in a process that collects its garbage when it is told to. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

/** Gives the bytes that a hundred parts of texts of a megabyte hold. */
const program = (part: string) => `
  import { clip, copyText } from ${JSON.stringify(resolve(import.meta.dirname, "clip.ts"))};
  // Long texts lie outside the heap, and what is outside is given back after a collection.
  const heldBytes = () => {
    gc();
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = heldBytes();
  const kept = [];
  for (let n = 0; n < 100; n++) {
    const text = Buffer.alloc(1024 * 1024, 97 + n % 26).toString("latin1");
    kept.push(${part});
  }
  console.log(heldBytes() - before, kept.length);
`;

function heldBytes(part: string): number {
  const args = ["--expose-gc", "--input-type=module", "-e", program(part)];
  return Number.parseInt(execFileSync(process.execPath, args, { encoding: "utf8" }), 10);
}

test("a slice holds its text, and neither a clipped text nor a copied part does", () => {
  expect(heldBytes("text.slice(0, 100)")).toBeGreaterThan(50_000_000);
  expect(heldBytes("clip(text, 100)")).toBeLessThan(5_000_000);
  expect(heldBytes("copyText(text.slice(500, 600))")).toBeLessThan(5_000_000);
});
