import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { failuresOf } from "../report.ts";
import { defaultVectors } from "../vectors.ts";
import { PATIENT } from "./drive.ts";
import { runWireSuites } from "./run.ts";

const folder = defaultVectors();

test.skipIf(!existsSync(folder) && !process.env["CI"])(
  "a proxy process holds the invariants on every record that goes over the wire",
  { timeout: 120_000 },
  async () => {
    const reports = await runWireSuites({ folder, only: /(?:)/ }, PATIENT);
    expect(reports.flatMap(failuresOf)).toEqual([]);
    expect(reports.map((report) => report.suite)).toEqual([
      "rfc911x",
      "http-garden",
      "byte-mutations",
      "llhttp (wire)",
    ]);
  },
);
