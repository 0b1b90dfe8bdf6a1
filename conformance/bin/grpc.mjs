#!/usr/bin/env node
// `npm run conformance:grpc`
import { launch } from "./launch.mjs";

await launch("grpc/main.ts");
