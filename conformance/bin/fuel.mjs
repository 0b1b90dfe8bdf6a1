#!/usr/bin/env node
// `node conformance/bin/fuel.mjs [--over NS] [NAME…]`
import { launch } from "./launch.mjs";

await launch("bench/fuel.ts");
