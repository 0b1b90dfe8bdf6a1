// Format, lint, types, import rules and purity, in one command; stops at the first that fails.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const steps = [
  [
    "format and lint",
    [process.execPath, [join(root, "scripts/biome.mjs"), "ci", "--colors=off", "--diagnostic-level=warn", "."]],
  ],
  ["types", [join(root, "node_modules/.bin/tsc"), ["-p", "."]]],
  // The page alone knows the DOM, so that no other code can mistake a global of the browser for its own.
  ["types of the page", [join(root, "node_modules/.bin/tsc"), ["-p", "dashboard"]]],
  ["imports and purity", [process.execPath, [join(root, "scripts/check-imports.mjs")]]],
  [
    "what nobody uses",
    [process.execPath, [join(root, "node_modules/knip/bin/knip.js"), "--no-progress", "--no-config-hints"]],
  ],
  ["generated code", [process.execPath, [join(root, "scripts/check-generated.mjs")]]],
  ["tests", [process.execPath, [join(root, "scripts/check-tests.mjs")]]],
];

if (!existsSync(join(root, "node_modules/.bin/tsc"))) {
  console.error("check: the tools are not installed; run npm ci first");
  process.exit(2);
}
for (const [name, [command, args]] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exit(1);
  }
  console.log(`check: ${name} ok`);
}
