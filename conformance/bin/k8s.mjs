#!/usr/bin/env node
// `npm run conformance:k8s -- [--only RE]`
import { launch } from "./launch.mjs";

await launch("kubernetes/main.ts");
