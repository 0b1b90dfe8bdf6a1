/**
 * What a request's head is composed with before it goes on, one head at a time on each
 * thread: from `edits.clear` to the decision nothing else may come between.
 */
import { HeadTable } from "@regomesh/policy-runtime";
import type { FoldedAuthority } from "../../http1/authority.ts";
import { FieldEdits } from "../../http1/field-edits.ts";
import { PathNormaliser } from "../../path/normalise-path.ts";

/** Longer authorities make room for themselves. */
const AUTHORITY_BYTES = 256;

export class Composer {
  readonly edits = new FieldEdits();
  /** Spans of the head that was written last, as the policy is handed them. */
  readonly table = new HeadTable();
  readonly normaliser = new PathNormaliser();
  readonly folded: FoldedAuthority = { bytes: new Uint8Array(AUTHORITY_BYTES), start: 0, end: 0 };
}
