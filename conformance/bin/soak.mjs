#!/usr/bin/env node
// `npm run soak -- [--megabytes N] [--rate N]`, `-- --chaos [--minutes N] [--seed N]`,
// or `-- --swaps N | --kills N | --edits N | --poisoned N [--per-second N] [--seed N]`
import { launch } from "./launch.mjs";

await launch("proxy/soak/main.ts");
