/** `opa build -t wasm` of one module: what the whole process takes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** CPU milliseconds of a process of `opa`, all its threads; undefined where there is no such program. */
export function opaBuildCpuMs(opa: string, text: string, entrypoint: string): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-opa-build-"));
  try {
    const source = join(folder, "p.rego");
    writeFileSync(source, text);
    const build = ["build", "--target", "wasm", "--entrypoint", entrypoint, "--output", join(folder, "b"), source];
    return cpuMsOf(opa, build);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The shell says what its children have taken: minutes and seconds in user and in system mode, on its second line. */
function cpuMsOf(program: string, args: readonly string[]): number | undefined {
  const script = 'command -v "$0" >/dev/null || exit 0; "$0" "$@" >/dev/null && times';
  const told = execFileSync("sh", ["-c", script, program, ...args], { encoding: "utf8" }).split("\n")[1] ?? "";
  const parts = [...told.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.length === 0
    ? undefined
    : parts.reduce((ms, [, min, s]) => ms + (Number(min) * 60 + Number(s)) * 1000, 0);
}
