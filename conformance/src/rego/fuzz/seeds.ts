/** Modules to mutate: those of the conformance cases, of both languages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suiteFolder } from "../main.ts";

/** Longer ones are tables: their mutations are all alike, and slow. */
const LENGTH_MAX = 6000;

export function readSeeds(): readonly string[] {
  const folders = (["rego-conformance", "rego-conformance-v0", "rego-derived"] as const).map(suiteFolder);
  const texts = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".json"))
      .sort()
      .flatMap((file) => {
        const { cases } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
          readonly cases: readonly { readonly modules?: readonly string[] }[];
        };
        return cases.flatMap(({ modules }) => modules ?? []);
      }),
  );
  return [...new Set(texts)].filter(({ length }) => length <= LENGTH_MAX);
}
