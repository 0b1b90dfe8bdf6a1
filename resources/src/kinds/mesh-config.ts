/** MeshConfig: what holds for the whole mesh. One a mesh; none means every default. */
import { z } from "zod";
import { oneOf, text } from "../schema/values.ts";

export const DEFAULT_TRUST_DOMAIN = "cluster.local";

const trustDomain = text({
  what: "a trust domain (lower-case letters, digits, ., - and _)",
  pattern: /^[a-z0-9][a-z0-9._-]*$/,
  lengthMax: 255,
});

export const meshConfigSpec = z.strictObject({
  trustDomain: trustDomain
    .prefault(DEFAULT_TRUST_DOMAIN)
    .describe(
      "trust domain of every SPIFFE ID; cluster.local as in Istio and Linkerd. Fixed once identities are issued",
    ),
  defaultVerdict: oneOf("Deny", "Allow")
    .prefault("Deny")
    .describe("what a request gets where no unit is bound; Deny, so that a forgotten binding opens nothing"),
  pathLevel: oneOf("Base", "MergeSlashes", "DecodeAndMergeSlashes", "KeepEscapedSlashes")
    .prefault("Base")
    .describe(
      "how paths are normalised before policy and application see them; Base changes least and is what RFC 3986 asks; KeepEscapedSlashes is Base that lets %2F pass, as npm and GitLab need it",
    ),
});

export type MeshConfigSpec = z.output<typeof meshConfigSpec>;

export const MESH_DEFAULTS: MeshConfigSpec = meshConfigSpec.parse({});
