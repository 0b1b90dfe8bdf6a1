/** Checks of PolicySources that no single field shows. */
import type { PolicySource } from "@regomesh/resources";
import { ROUTES_SOURCE } from "../gateway-api/compile.ts";
import { isRefName } from "../git/packed-refs.ts";
import { parsePlace } from "../git/remote.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { MeshIndex } from "./mesh-index.ts";
import type { Report } from "./report.ts";

/** `named`: sources that the operator has named on the command line. */
export function checkSources({ sources }: MeshIndex, named: readonly string[], report: Report): void {
  for (const source of sources) checkSource(source, named, report);
}

/** Those that can be read, whatever else is wrong. */
export function soundSources({ sources }: MeshIndex, named: readonly string[]): readonly PolicySource[] {
  return sources.filter((source) => {
    let isSound = true;
    checkSource(source, named, () => {
      isSound = false;
    });
    return isSound;
  });
}

function checkSource(source: PolicySource, named: readonly string[], report: Report): void {
  const { name } = source.metadata;
  const taken = takenBy(name, named);
  if (taken !== undefined) report(source, "metadata.name", "source_name", `${name} is the name of ${taken}`);
  checkAddress(source, report);
  checkFollowed(source, report);
}

function takenBy(name: string, named: readonly string[]): string | undefined {
  if (name === ROOT_SOURCE) return "the mesh's own source";
  if (name === ROUTES_SOURCE) return "what is made of routes";
  return named.includes(name) ? "a --source" : undefined;
}

function checkAddress(source: PolicySource, report: Report): void {
  const place = parsePlace(source.spec.url);
  if (place.kind === "fault") report(source, "spec.url", "source_url", place.reason);
  if (place.kind === "directory")
    report(source, "spec.url", "source_url", "a PolicySource has an address: https:// or ssh://", {
      hint: "a directory of the controller's machine is the operator's to name: --source NAME=DIR",
    });
}

function checkFollowed(source: PolicySource, report: Report): void {
  const { branch, tag, commit, verify } = source.spec;
  for (const [field, name] of Object.entries({ branch, tag })) {
    if (name !== undefined && !isRefName(name))
      report(source, `spec.${field}`, "source_followed", `${name} is not a ${field}'s name: git takes none like it`, {
        hint: "without two dots in a row, a part between slashes that is empty or begins with a dot, or .lock at a part's end",
      });
  }
  const given = Object.entries({ branch, tag, commit }).filter(([, value]) => value !== undefined);
  const [, second] = given;
  if (second !== undefined)
    report(source, `spec.${second[0]}`, "source_followed", "a source follows one thing: a branch, a tag or a commit");
  if (verify?.what === "Tag" && tag === undefined)
    report(source, "spec.verify.what", "source_followed", "no tag is followed whose signature could be looked at");
  if (verify?.keys.length === 0)
    report(source, "spec.verify.keys", "source_followed", "without a key nothing can be verified");
}
