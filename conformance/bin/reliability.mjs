#!/usr/bin/env node
// `npm run conformance:reliability`
import { launch } from "./launch.mjs";

await launch("reliability/main.ts");
