#!/usr/bin/env node
// `npm run bench -- [--only NAME[,NAME]] [--rounds N] [--seconds N] [--peer NAME=PATH] [--write] [--check]`
import { launch } from "./launch.mjs";

await launch("bench/main.ts");
