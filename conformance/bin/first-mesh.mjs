#!/usr/bin/env node
// `npm run conformance:first-mesh`
import { launch } from "./launch.mjs";

await launch("first-mesh/main.ts");
