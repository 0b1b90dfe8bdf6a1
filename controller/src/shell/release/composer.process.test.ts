import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { SourceContent } from "../../sources/source.ts";
import type { Builder } from "../build/builder.ts";
import { SourceContents } from "../store/source-contents.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Composer } from "./composer.ts";

const content = (source: string, id: string): SourceContent => ({
  source,
  label: "git main",
  revision: { id, subject: id, author: "Ann", committedAtMs: 0 },
  files: [],
  unread: [],
  path: "",
});

test("a source that is suspended while its commit is built stays what it was, also where nothing of it was in force", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-composer-"));
  const lease = await makeLease(folder);
  const suspended = new Set<string>();
  const builds: string[] = [];
  const builder: Pick<Builder, "build"> = {
    build: async (trees) => {
      builds.push(trees.map(({ source }) => source).join(" "));
      suspended.add("shop");
      const plan = { mesh: { name: "m", trustDomain: "td" }, workloads: [], outbound: [], services: [], modules: [] };
      return { plan, diagnostics: [], failedTests: [], passedTests: 0, sources: ["shop"], resources: {}, verdicts: [] };
    },
  };
  const composer = new Composer({
    builder: builder as Builder,
    contents: new SourceContents(lease, SYSTEM_CLOCK, SILENT),
    rights: [],
    sources: {},
    trustDomain: () => "td",
    clock: SYSTEM_CLOCK,
    log: SILENT,
    refuse: () => {},
    isSuspended: (source) => suspended.has(source),
  });
  composer.offer(content("root", "1"));
  composer.offer(content("shop", "a"));
  const composed = await composer.compose("1", undefined);
  expect([builds, composed?.inputs.map(({ source, id }) => `${source}@${id}`)]).toEqual([
    ["root shop", "root"],
    ["root@1"],
  ]);
  await lease.end();
  rmSync(folder, { recursive: true });
});
