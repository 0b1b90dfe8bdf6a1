/** A source checked together with checkouts of what its PolicySources name: as the controller would, that reads both. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { printRecord } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { document, service } from "../../test/documents.ts";
import { checkSource } from "./check-source.ts";
import type { Against } from "./standing.ts";

let folder: string;
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};

const SOURCE = '{ url: "https://git.example.org/shop.git", path: mesh, namespaces: [shop] }';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-checkouts-"));
  write("root/sources.yaml", document("PolicySource", "shop", "regomesh-system", SOURCE));
  write("root/web.yaml", service("web", "default").replace("{ service: web }", "{ service: web, calls: [cart.shop] }"));
  write("shop/mesh/cart.yaml", service("cart", "shop"));
  mkdirSync(join(folder, "link"));
  symlinkSync(join(folder, "shop/mesh"), join(folder, "link/mesh"));
  write("shop/other.yaml", "apiVersion: regomesh.dev/v1alpha1\nkind: Nonsense\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function check(checkouts: Readonly<Record<string, string>>, against?: Against) {
  const named = Object.entries(checkouts).map(([name, path]) => [name, join(folder, path)]);
  const { isTaken, diagnostics, workloads } = await checkSource(join(folder, "root"), {
    checkouts: Object.fromEntries(named),
    against,
  });
  return { isTaken, said: diagnostics.map(printRecord), workloads };
}

test("without it, what is refused is told to be so perhaps for want of it", async () => {
  expect(await check({})).toEqual({
    isTaken: false,
    said: [
      expect.stringContaining("reference_unknown: namespace shop has no service cart"),
      expect.stringContaining(
        "source_unread: what is refused may want what PolicySources hold that are not read here: shop",
      ),
    ],
    workloads: 0,
  });
});

test("with it, both are taken together, of the directory that the PolicySource names", async () => {
  expect(await check({ shop: "shop" })).toEqual({ isTaken: true, said: [], workloads: 2 });
});

test("held against a base that needs it too, it is as the controller would have it: what of the mesh's own is gone is told", async () => {
  const base: Against = { kind: "base", name: "before", place: join(folder, "before") };
  write("root/more.yaml", service("a", "default") + service("b", "default"));
  cpSync(join(folder, "root"), join(folder, "before"), { recursive: true });
  write("root/new.yaml", service("new", "default"));
  expect(await check({ shop: "shop" }, base)).toEqual({ isTaken: true, said: [], workloads: 5 });
  rmSync(join(folder, "root/more.yaml"));
  expect(await check({ shop: "shop" }, base)).toMatchObject({
    isTaken: false,
    said: [expect.stringMatching(/source_loss: the commit takes away 2 of 3 workloads.*: default\/a, default\/b$/)],
  });
});

test("what it may not speak for is refused, by its name", async () => {
  write("shop/mesh/web.yaml", service("other", "default"));
  const { isTaken, said } = await check({ shop: "shop" });
  const refusal = expect.stringMatching(/^shop:web.yaml:\d+:37: resource_namespace: /);
  expect([isTaken, said]).toEqual([false, [refusal, refusal]]);
});

test.each([
  ["a name that no PolicySource has", { store: "shop" }, "no PolicySource is named store: there are shop"],
  ["a directory that is a link", { shop: "link" }, "link/mesh, of PolicySource shop: it is a symbolic link"],
  ["a checkout without the directory", { shop: "root" }, "root/mesh, of PolicySource shop: no such directory"],
])("%s is an error", async (_, checkouts, message) => {
  await expect(check(checkouts as Readonly<Record<string, string>>)).rejects.toThrow(message);
});
