/** PolicySource: a git repository more that policies and resources come from, and for which namespaces it may speak. */
import { z } from "zod";
import { duration, list, oneOf, text } from "../schema/values.ts";
import { dnsLabel } from "./metadata.ts";

const url = text({
  what: "an address that git fetches from, such as https://git.example.org/team/policies.git",
  pattern: /^[A-Za-z0-9:/@._~%+[\]-]+$/,
  lengthMax: 2048,
});

const refName = text({
  what: "a name that git takes for a branch or a tag",
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.+/#=-]*$/,
  lengthMax: 255,
});

const commitHash = text({
  what: "a commit's whole hash (40 hexadecimal digits, or 64)",
  pattern: /^([0-9a-f]{40}|[0-9a-f]{64})$/,
});

/** No segment is `.` or `..`; written without look-ahead, which CRDs do not take. */
const directory = text({
  what: "a directory of the repository",
  pattern: /^\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*(\/\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
  lengthMax: 255,
});

/** An armoured OpenPGP key has some kilobytes, one of SSH a line. */
const publicKey = text({
  what: "a public key, of SSH (ssh-ed25519 AAAA…) or OpenPGP (-----BEGIN PGP PUBLIC KEY BLOCK-----)",
  pattern: /^\s*((ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+|-----BEGIN PGP PUBLIC KEY BLOCK-----)/,
  lengthMax: 65_536,
});

const verify = z.strictObject({
  keys: list(publicKey, 64).describe("whose signatures count; a commit that none of them has signed is not taken"),
  what: oneOf("Commit", "Tag")
    .prefault("Commit")
    .describe("what must be signed: the commit, or (where a tag is followed) the tag itself"),
});

export const policySourceSpec = z.strictObject({
  url: url.describe("https:// or ssh:// (http:// of the controller's own machine only), without a password"),
  branch: refName.exactOptional().describe("the branch that is followed; main where neither tag nor commit is given"),
  tag: refName.exactOptional().describe("a tag that is followed instead; one that is moved is followed too"),
  commit: commitHash.exactOptional().describe("one commit that stays, instead; it must be on a branch or a tag"),
  path: directory
    .exactOptional()
    .describe("the directory of the repository that is the source; all of it where absent"),
  namespaces: list(dnsLabel, 256).describe(
    "those that it may speak for; regomesh-system is the mesh's own source's alone",
  ),
  interval: duration(1000, 86_400_000)
    .prefault("30s")
    .describe("30 s between looks, as Flux and Argo CD look every one to three minutes; a webhook is told at once"),
  verify: verify.exactOptional().describe("signatures are not looked at where absent"),
  suspend: z.boolean().prefault(false).describe("while true nothing new is taken, and what is in force stays"),
});

export type PolicySourceSpec = z.output<typeof policySourceSpec>;
