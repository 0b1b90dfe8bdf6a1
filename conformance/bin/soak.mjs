#!/usr/bin/env node
// `npm run soak -- [--megabytes N] [--rate N]`, or `-- --chaos [--minutes N] [--seed N]`
import { launch } from "./launch.mjs";

await launch("proxy/soak/main.ts");
