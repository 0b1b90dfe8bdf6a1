#!/usr/bin/env node
// `npm run conformance:diagnostics -- [--opa PATH] [-v]`
import { launch } from "./launch.mjs";

await launch("differential/diagnostics.ts");
