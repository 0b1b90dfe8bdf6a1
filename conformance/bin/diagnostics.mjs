#!/usr/bin/env node
// `npm run conformance:diagnostics`
import { launch } from "./launch.mjs";

await launch("differential/diagnostics.ts");
