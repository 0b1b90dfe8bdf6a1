import { type Log, SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ALL_RIGHTS } from "../../index/rights.ts";
import { Builder, BuildUnavailable } from "./builder.ts";

const TREE = {
  path: "",
  files: [
    {
      name: "mesh.yaml",
      text: "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: mesh }\nspec: { trustDomain: example.org }\n",
    },
  ],
};
const RULES = { rights: ALL_RIGHTS, trustDomain: "example.org" };

let builder: Builder;
const log: Log = { ...SILENT, log: () => {} };

/** Ends the build process that is there now. */
function kill(): void {
  if (builder.pid !== undefined) process.kill(builder.pid, "SIGKILL");
}

beforeEach(async () => {
  builder = await Builder.open(log);
});
afterEach(() => builder.close());

test("a build process that is killed while it starts is started again", async () => {
  const first = builder.pid;
  kill();
  expect(await builder.version()).toMatch(/^regomesh/);
  expect(builder.pid).not.toBe(first);
  expect((await builder.build([TREE], RULES)).plan?.mesh.trustDomain).toBe("example.org");
});

test("a build whose process is killed is built in the next one", async () => {
  await builder.version();
  const building = builder.build([TREE], RULES);
  kill();
  expect((await building).plan?.mesh.trustDomain).toBe("example.org");
  kill();
  expect((await builder.build([TREE], RULES)).diagnostics).toEqual([]);
});

test("a machine that kills every build process is to blame, not the commit, and later it is built", async () => {
  const killing = setInterval(kill, 1);
  await expect(builder.build([TREE], RULES)).rejects.toThrow(BuildUnavailable);
  clearInterval(killing);
  expect((await builder.build([TREE], RULES)).plan?.mesh.trustDomain).toBe("example.org");
});
