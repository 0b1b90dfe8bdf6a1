#!/usr/bin/env node
// `npm run conformance:gateway-api`
import { launch } from "./launch.mjs";

await launch("gateway-api/main.ts");
