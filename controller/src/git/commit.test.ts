import { expect, test } from "vitest";
import { parseCommit } from "./commit.ts";

test("parseCommit reads subject, author and time", () => {
  const text = "tree 1\nauthor Ann Lee <a@x> 1 +0000\ncommitter Bo <b@x> 1700000000 +0100\n\n Say it\n\nwhy\n";
  const commit = { hash: "h", subject: "Say it", author: "Ann Lee", committedAtMs: 1_700_000_000_000 };
  expect(parseCommit("h", text)).toEqual(commit);
});

test("an author without an address, of half a megabyte of space, is read like any other", () => {
  expect(parseCommit("h", `author ${" ".repeat(500_000)}x\n\nhi\n`)).toMatchObject({ author: "x", subject: "hi" });
});
