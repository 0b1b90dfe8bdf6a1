/** Where git has a file that a revision names. */
import { findFile } from "../sources/given.ts";
import type { PlacedFile } from "./git/blame.ts";
import type { MeshState } from "./mesh.ts";

/** Undefined where the revision is not known, or its source is in no git. */
export function placeIn(
  mesh: MeshState,
  gitDirOf: (source: string) => string | undefined,
  revision: string,
  file: string,
): PlacedFile | undefined {
  const found = findFile(mesh.given, revision, file);
  const gitDir = found && gitDirOf(found.input.source);
  if (found === undefined || gitDir === undefined) return undefined;
  return { gitDir, commit: found.input.id, file: found.file, path: found.input.path };
}
