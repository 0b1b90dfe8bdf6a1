#!/usr/bin/env node
// `npm run conformance:http`
import { launch } from "./launch.mjs";

await launch("http/main.ts");
