// `npm test`: the checks, then every test. What needs more than Node and git is
// left out and named where CI is not set, and fails where it is (each test asks for itself).
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const shared = resolve(root, process.env.REGOMESH_SHARED ?? "../shared");
const env = { ...process.env, REGOMESH_SHARED: shared };

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
}

const isCi = process.env.CI === "true" || process.env.CI === "1";
if (!existsSync(shared)) {
  const what = `outside test data (${process.env.REGOMESH_SHARED ?? "../shared"}, set by REGOMESH_SHARED)`;
  if (isCi) {
    console.error(`test: ${what} is absent`);
    process.exit(1);
  }
  console.log(`test: left out, for want of ${what}: conformance against it`);
}

run(process.execPath, [join(root, "scripts/prepare.mjs")]);
run(process.execPath, [join(root, "scripts/check.mjs")]);
run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...process.argv.slice(2)]);
