import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { failuresOf } from "./report.ts";
import { runPureSuites } from "./suites.ts";
import { defaultVectors } from "./vectors.ts";

const folder = defaultVectors();

test.skipIf(!existsSync(folder) && !process.env["CI"])(
  "codec, paths and identities pass the HTTP vectors, whole and byte by byte",
  async () => {
    const reports = await runPureSuites({ folder, only: /(?:)/ });
    expect(reports.flatMap(failuresOf)).toEqual([]);
    expect(reports.map((report) => report.suite)).toEqual([
      "llhttp (codec)",
      "path-normalization",
      "spiffe-id",
      "svid-pem",
      "opa-envoy-path",
    ]);
  },
);
