#!/usr/bin/env node
// `npm run soak`
import { launch } from "./launch.mjs";

await launch("proxy/soak/main.ts");
