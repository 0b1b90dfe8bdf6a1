import { expect, test } from "vitest";
import { parseCommit, parseNewest } from "./commit.ts";

test("parseCommit reads subject, author and time", () => {
  const text = "tree 1\nauthor Ann Lee <a@x> 1 +0000\ncommitter Bo <b@x> 1700000000 +0100\n\n Say it\n\nwhy\n";
  const commit = { hash: "h", subject: "Say it", author: "Ann Lee", committedAtMs: 1_700_000_000_000 };
  expect(parseCommit("h", text)).toEqual(commit);
});

test("an author without an address, of half a megabyte of space, is read like any other", () => {
  expect(parseCommit("h", `author ${" ".repeat(500_000)}x\n\nhi\n`)).toMatchObject({ author: "x", subject: "hi" });
});

test("parseNewest gives the newest of the commits that lines are of, whatever the lines say", () => {
  const [a, b] = ["a".repeat(40), "b".repeat(40)];
  const of = (hash: string, seconds: number, name: string) =>
    `${hash} 1 1 2\nauthor ${name}\ncommitter-time ${seconds}\nsummary by ${name}\nfilename f\n`;
  const text = `${of(a, 10, "Ann")}\t${b} 9 9\n${of(b, 20, "Bo")}\tcommitter-time 99\n${a} 3 3\n\tend\n`;
  expect(parseNewest(text)).toEqual({ hash: b, author: "Bo", subject: "by Bo" });
  expect(parseNewest("")).toBeUndefined();
});
