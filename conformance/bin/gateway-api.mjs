#!/usr/bin/env node
// `npm run conformance:gateway-api -- [--cases DIR]`
import { launch } from "./launch.mjs";

await launch("gateway-api/main.ts");
