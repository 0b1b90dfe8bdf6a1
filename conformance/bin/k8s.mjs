#!/usr/bin/env node
// `npm run conformance:k8s`
import { launch } from "./launch.mjs";

await launch("kubernetes/main.ts");
