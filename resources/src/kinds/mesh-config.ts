/** MeshConfig: what holds for the whole mesh. One a mesh; none means every default. */
import { z } from "zod";
import { duration, integer, mapOf, oneOf, text } from "../schema/values.ts";

export const DEFAULT_TRUST_DOMAIN = "cluster.local";

const trustDomain = text({
  what: "a trust domain (lower-case letters, digits, ., - and _)",
  pattern: /^[a-z0-9][a-z0-9._-]*$/,
  lengthMax: 255,
});

const canary = z.strictObject({
  labels: mapOf(text({ lengthMax: 256 }), 32)
    .exactOptional()
    .describe("labels of the workloads whose proxies are first, all of which must match"),
  percent: integer(1, 99)
    .exactOptional()
    .describe("instead: so many of a hundred connected proxies, one at least, of whatever workloads"),
});

/** Of each the least that a glance at a page would also call bad, and no more than chance makes of a hundred requests. */
const RISE_DEFAULT = 5;
/** A revision in force is issued anew after half a day: what waits behind a canary must not outlive its own. */
const BAKE_MAX_MS = 6 * 3_600_000;

const release = z.strictObject({
  canary: canary
    .exactOptional()
    .describe("who has a revision before everybody else; nobody where absent: it goes to all, receivers first"),
  bake: duration(0, BAKE_MAX_MS)
    .prefault("0s")
    .describe(
      "how long a revision is watched at those that have it: at the canaries before everybody gets it, and at everybody before it counts as proven; 0s: it is not watched",
    ),
  deadline: duration(1000, 3_600_000)
    .prefault("10m")
    .describe("a revision that no canary has taken by then, or that one has not answered, is taken back"),
  maxRefusalsRise: integer(0, 100)
    .prefault(RISE_DEFAULT)
    .describe(
      "percentage points by which the share of refused requests (403, 429) may rise against the revision before, while it is watched; above, and by more than chance, it is taken back",
    ),
  maxFailuresRise: integer(0, 100).prefault(RISE_DEFAULT).describe("the same of failed requests (5xx)"),
  minRequests: integer(1, 1_000_000)
    .prefault(100)
    .describe("of fewer requests under the new revision nothing is concluded"),
});

/** What a snapshot is good for. */
const STALENESS_MAX_MS = 24 * 3_600_000;

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
  maxStaleness: duration(1000, STALENESS_MAX_MS)
    .exactOptional()
    .describe(
      "how long a proxy may be without a word of its controller, or refuse a newer revision; a day, for which its snapshot is good, where absent",
    ),
  onStale: oneOf("Serve", "Deny")
    .prefault("Serve")
    .describe(
      "what a proxy does from then on: it serves by what it has, and status says so; or it answers 503, policy_stale",
    ),
  referenceGrants: oneOf("Ignored", "Required")
    .prefault("Ignored")
    .describe(
      "whether a route of the Gateway API needs a ReferenceGrant to name a service of another namespace as backend; Ignored as the specification has it for meshes: the receiver's policy says who may come",
    ),
  release: release
    .prefault({})
    .describe(
      "how a revision comes in force; what proxies refuse, or what does harm while it is watched, is taken back",
    ),
});

export type MeshConfigSpec = z.output<typeof meshConfigSpec>;

export const MESH_DEFAULTS: MeshConfigSpec = meshConfigSpec.parse({});
