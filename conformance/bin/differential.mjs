#!/usr/bin/env node
// `npm run conformance:differential -- [--programs N] [--evaluations N] [--seed S] [--opa PATH]`
import { launch } from "./launch.mjs";

await launch("differential/main.ts");
