#!/usr/bin/env node
// `npm run conformance:http -- [--vectors DIR] [--only RE] [--verbose]`
import { launch } from "./launch.mjs";

await launch("http/main.ts");
