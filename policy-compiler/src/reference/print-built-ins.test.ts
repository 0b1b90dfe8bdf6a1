import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CAPABILITIES } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { BUILTINS } from "../builtins/table.ts";
import { hostNames } from "../emit/runtime-calls.ts";
import { printBuiltins } from "./print-built-ins.ts";

const page = printBuiltins();

test("docs/built-ins.md is what npm run generate writes", () => {
  const file = join(resolve(import.meta.dirname, "../../.."), "docs/built-ins.md");
  expect(readFileSync(file, "utf8")).toBe(page);
});

test("every built-in has one row, which says whether proxies have it", () => {
  const all = page.slice(page.indexOf("## All"));
  const rows = [...all.matchAll(/^\| `([\w.]+)\(.*` +\| (yes|no) /gm)].map(([, name, proxies]) => [name, proxies]);
  const asked = (name: string) => hostNames(name).filter((part) => CAPABILITIES.cli.hostBuiltins.has(part));
  const offered = (name: string) => asked(name).every((part) => CAPABILITIES.inbound.hostBuiltins.has(part));
  const names = BUILTINS.names.filter((name) => !name.startsWith("internal."));
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(names.map((name) => [name, offered(name) ? "yes" : "no"])),
  );
  expect(rows.length).toBe(names.length);
});

test("what proxies do not have is listed with what to do instead", () => {
  const withheld = page.slice(page.indexOf("## What proxies"), page.indexOf("## All"));
  const listed = [...withheld.matchAll(/^\| `([\w.]+)` +\| (.{20,}) \|$/gm)].map(([, name]) => name);
  const noes = [...page.matchAll(/^\| `([\w.]+)\(.*` +\| no /gm)].map(([, name]) => name);
  expect(listed).toEqual(noes.toSorted());
  expect(listed).toContain("http.send");
});
