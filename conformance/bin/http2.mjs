#!/usr/bin/env node
// `npm run conformance:http2`
import { launch } from "./launch.mjs";

await launch("http2/main.ts");
