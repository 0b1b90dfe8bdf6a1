#!/usr/bin/env node
// `npm run conformance:differential`
import { launch } from "./launch.mjs";

await launch("differential/main.ts");
