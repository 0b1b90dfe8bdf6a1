/** Each file of a corpus by itself, against OPA's module: the codes and rows that check gives, and the text that fmt does. */
import { toDiagnosticRecord } from "@regomesh/base";
import { checkUnit, formatModule, type RegoVersion } from "@regomesh/policy-compiler";
import type { Opa, OpaFailure } from "../differential/opa.ts";

export type AloneFile = { readonly name: string; readonly text: string; readonly version: RegoVersion };

/** Of OPA's versions 0 is the default, so that its v0 is 1 here. */
const VERSIONS: Readonly<Record<RegoVersion, number>> = { v0: 1, v1: 2, v2: 3 };

/** What differs, as a sentence each; nothing where all is alike. */
export async function compareAlone(opa: Opa, { name, text, version }: AloneFile): Promise<readonly string[]> {
  const request = {
    ...{ modules: { [name]: text }, data: "{}", inputs: [], entrypoints: [] },
    version: VERSIONS[version] as 0 | 1 | 2 | 3,
  };
  const unit = { name: "", modules: [{ name, text, version }], data: {} };
  const found = checkUnit(unit).filter(({ severity }) => severity === "error");
  const checked = await opa.ask(request);
  const [theirs, ours] = [placesOf(checked.errors), placesOf(found.map(toDiagnosticRecord))];
  const wrong =
    theirs === ours ? [] : [`${name}: check alone says ${ours || "nothing"}, and OPA ${theirs || "nothing"}`];
  const formatted = (await opa.ask({ ...request, format: true })).formatted?.[name];
  if (formatted === undefined || formatted === formatModule({ name, text, version }).text) return wrong;
  return [...wrong, `${name}: fmt writes it in another way than OPA`];
}

function placesOf(errors: readonly Pick<OpaFailure, "code" | "row">[] = []): string {
  return [...new Set(errors.map(({ code, row }) => `${row}: ${code}`))].sort().join(", ");
}
