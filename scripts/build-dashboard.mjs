// Bundles the page: dashboard/src → dashboard/dist, which the controller serves. Does nothing
// where the result is newer than every source.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(import.meta.dirname, "..");
const page = join(root, "dashboard");

/** Builds if needed. Returns what was done. */
export function buildDashboard() {
  const target = join(page, "dist/index.html");
  if (existsSync(target) && statSync(target).mtimeMs > newest(page)) return "up to date";
  execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", page], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return "built";
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "dist" || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`dashboard: ${buildDashboard()}`);
