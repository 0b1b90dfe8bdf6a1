// Runs the Biome binary of this platform's package (which has no bin entry of its own).
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const home = dirname(require.resolve(`@biomejs/cli-${process.platform}-${process.arch}/package.json`));
const { status } = spawnSync(join(home, "biome"), process.argv.slice(2), { stdio: "inherit" });
process.exit(status ?? 1);
