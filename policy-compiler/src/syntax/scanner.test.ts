import { expect, test } from "vitest";
import { Scanner } from "./scanner.ts";

const scannerOf = (text: string) => new Scanner({ name: "s.rego", text });

test("tokens are scanned a few ahead of the one that is asked for", () => {
  const scanner = scannerOf("[".repeat(1000));
  scanner.tokenAt(0);
  expect(scanner.tokens).toHaveLength(64);
});

test("tokens behind the end are its end", () => {
  const scanner = scannerOf("a b # c\n");
  expect(scanner.tokenAt(0)).toMatchObject({ kind: "ident", text: "a" });
  expect([scanner.tokenAt(2).kind, scanner.tokenAt(7).kind]).toEqual(["eof", "eof"]);
  expect(scanner.tokens).toHaveLength(3);
  expect(scanner.comments.map(({ text }) => text)).toEqual([" c"]);
});

test("what is skipped is not kept", () => {
  const scanner = scannerOf("[".repeat(1_000_000));
  let index = 0;
  while (scanner.tokenAt(index).kind !== "eof") index = scanner.skip(index);
  expect([index, scanner.tokens.length]).toEqual([63, 64]);
});

test("a name behind a dot that was skipped is none of the words that an import adds", () => {
  const scanner = scannerOf("x.in in");
  scanner.addKeywords(new Set(["in"]), 0);
  let index = 0;
  for (const _ of ["x", "."]) {
    scanner.tokenAt(index);
    index = scanner.skip(index);
  }
  expect([scanner.tokenAt(index).kind, scanner.tokenAt(index + 1).kind]).toEqual(["ident", "keyword"]);
});
