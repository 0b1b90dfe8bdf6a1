/** MeshConfig: what holds for the whole mesh. One a mesh; none means every default. */
import { defaulted, object } from "../schema/composite.ts";
import { type Infer, oneOf, text } from "../schema/schema.ts";

export const DEFAULT_TRUST_DOMAIN = "cluster.local";

export const trustDomain = text({
  what: "a trust domain (lower-case letters, digits, ., - and _)",
  pattern: /^[a-z0-9][a-z0-9._-]*$/,
  lengthMax: 255,
});

export const meshConfigSpec = object({
  trustDomain: defaulted(
    trustDomain,
    DEFAULT_TRUST_DOMAIN,
    "trust domain of every SPIFFE ID; cluster.local as in Istio and Linkerd. Fixed once identities are issued",
  ),
  defaultVerdict: defaulted(
    oneOf("Deny", "Allow"),
    "Deny",
    "what a request gets where no unit is bound; Deny, so that a forgotten binding opens nothing",
  ),
  pathLevel: defaulted(
    oneOf("Base", "MergeSlashes", "DecodeAndMergeSlashes"),
    "Base",
    "how paths are normalised before policy and application see them; Base changes least and is what RFC 3986 asks",
  ),
});

export type MeshConfigSpec = Infer<typeof meshConfigSpec>;
