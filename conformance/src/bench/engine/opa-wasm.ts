/** OPA's own WebAssembly, `opa build -t wasm`, under the npm SDK. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { timeSdk } from "./ours.ts";

/** `opa build` of more rules takes seconds, and its module milliseconds a decision. */
const REGO_BYTES_MAX = 2 ** 18;

export function opaWasm(binary: string): Engine {
  return {
    name: "OPA WASM, npm SDK",
    given: "a JavaScript object",
    time(policy) {
      if (policy.rego.length > REGO_BYTES_MAX) return undefined;
      const folder = mkdtempSync(join(tmpdir(), "regomesh-bench-opa-"));
      try {
        writeFileSync(join(folder, "policy.rego"), policy.rego);
        const build = ["build", "-t", "wasm", "-e", policy.entrypoint, "-o", "bundle.tar.gz", "policy.rego"];
        execFileSync(binary, build, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
        execFileSync("tar", ["-xzf", "bundle.tar.gz", "/policy.wasm"], {
          cwd: folder,
          stdio: ["ignore", "ignore", "ignore"], // it says that it takes the leading / off
        });
        return timeSdk(readFileSync(join(folder, "policy.wasm")), policy.data, policy);
      } catch (error) {
        // The SDK has not all built-ins, and throws what is no Error.
        console.error(`OPA WASM, ${policy.name}: ${(error as Partial<Error>).message ?? error}`);
        return undefined;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
