/** A runtime damaged at one place: the body of a function is cut down to `unreachable` (WebAssembly core, 5.5.13). */
import type { RuntimeModule } from "@regomesh/policy-compiler";

/** Its size, no locals, `unreachable`, `end`. */
const CUT = Uint8Array.of(3, 0, 0x00, 0x0b);

/** `name` is an export of the runtime's. */
export function cutFunction(runtime: RuntimeModule, name: string): RuntimeModule {
  const found = runtime.exports.get(name);
  if (found === undefined) throw new Error(`the runtime has no ${name}`);
  const at = found.index - runtime.functionImports;
  const { codes, reach } = runtime;
  return { ...runtime, codes: codes.with(at, CUT), reach: { ...reach, sites: reach.sites.with(at, []) } };
}
