/**
 * As what a PolicySource's content was read: from where, following what, verified by whom. A commit
 * of the mesh may say another word on that; what was read under the one before is not taken with it.
 */
import { canonicalJson, snapshotHash } from "@regomesh/protocol";
import type { PolicySource } from "@regomesh/resources";

export function readAs({ url, branch, tag, commit, path, verify }: PolicySource["spec"]): string {
  const said = [url, branch, tag, commit, path, verify].map((each) => each ?? null);
  return snapshotHash(canonicalJson(said));
}
