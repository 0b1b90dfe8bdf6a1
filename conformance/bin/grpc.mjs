#!/usr/bin/env node
// `npm run conformance:grpc -- --bin DIR`
import { launch } from "./launch.mjs";

await launch("grpc/main.ts");
