#!/usr/bin/env node
// `node conformance/bin/fuel.mjs`
import { launch } from "./launch.mjs";

await launch("bench/fuel.ts");
