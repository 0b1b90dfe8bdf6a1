/** The sidecar as it is installed: the package that `npm run package` makes, which is what images hold. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../../..");

/** Makes the package below `folder`; gives its root. Takes some ten seconds. */
export function makeInstalled(folder: string): string {
  const out = join(folder, "package");
  execFileSync(process.execPath, [join(ROOT, "scripts/package.mjs"), "--out", out], { stdio: "ignore" });
  return join(out, "stage");
}
