/** The kinds that a cluster has as resources of its own; Service and Pod take the place of MeshService and Workload. */
import type { Kind } from "../resource.ts";
import type { Column } from "./columns.ts";
import { ACCEPTED, AGE, PROGRAMMED, PROXIES, REASON } from "./columns.ts";

export type ClusterKind = Exclude<Kind, "MeshService" | "Workload">;

export type ClusterKindFacts = {
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  /** GEP-713: how far a policy reaches; absent of kinds that are no policies. */
  readonly policyClass?: "Direct" | "Inherited";
  readonly columns: readonly Column[];
  /** What no single field shows, in CEL over the document. */
  readonly rules: readonly CelRule[];
};

export type CelRule = {
  /** Where it stands: `spec`, or "" for the document; its fault is said there. */
  readonly at: string;
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
};

const followsOne = "[has(self.branch), has(self.tag), has(self.commit)].filter(given, given).size() <= 1";

export const CLUSTER_KINDS: Readonly<Record<ClusterKind, ClusterKindFacts>> = {
  MeshConfig: {
    plural: "meshconfigs",
    shortNames: ["mc"],
    isNamespaced: false,
    columns: [
      { name: "Trust-Domain", path: ".spec.trustDomain" },
      { name: "Default", path: ".spec.defaultVerdict" },
      ACCEPTED,
      PROGRAMMED,
      REASON,
      AGE,
    ],
    rules: [
      {
        at: "spec.trustDomain",
        rule: "self == oldSelf",
        message: "cannot change: identities are issued in it; a new trust domain is a new mesh",
      },
    ],
  },
  Policy: {
    plural: "policies",
    shortNames: ["pol"],
    isNamespaced: true,
    columns: [
      ACCEPTED,
      { name: "Compiled", condition: "Compiled" },
      { name: "Tests", condition: "TestsPassed" },
      PROGRAMMED,
      { name: "Revision", path: ".status.revision", isWide: true },
      REASON,
      AGE,
    ],
    rules: [
      {
        at: "spec",
        rule: "!has(self.tests) || self.tests.all(name, !(name in self.modules))",
        message: "has a name that modules has, too",
        fieldPath: ".tests",
      },
    ],
  },
  PolicySource: {
    plural: "policysources",
    shortNames: ["psrc"],
    isNamespaced: true,
    columns: [
      { name: "URL", path: ".spec.url" },
      { name: "Suspended", path: ".spec.suspend", type: "boolean" },
      ACCEPTED,
      { name: "Revision", path: ".status.revision" },
      REASON,
      AGE,
    ],
    rules: [
      { at: "spec", rule: followsOne, message: "follows one thing: a branch, a tag or a commit" },
      {
        at: "spec",
        rule: "!has(self.verify) || !has(self.verify.what) || self.verify.what != 'Tag' || has(self.tag)",
        message: "no tag is followed whose signature could be looked at",
        fieldPath: ".verify.what",
      },
      {
        at: "",
        rule: "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.') && self.metadata.name != 'root'",
        message: "a PolicySource's name is a DNS label, and not root, which is the mesh's own source's",
      },
    ],
  },
  PolicyBinding: {
    plural: "policybindings",
    shortNames: ["pbind"],
    isNamespaced: true,
    policyClass: "Inherited",
    columns: [
      { name: "Policy", path: ".spec.policy" },
      { name: "Unit", path: ".spec.unit", isWide: true },
      { name: "Direction", path: ".spec.direction" },
      { name: "Tier", path: ".spec.tier" },
      { name: "Mode", path: ".spec.mode" },
      ACCEPTED,
      PROGRAMMED,
      PROXIES,
      REASON,
      AGE,
    ],
    rules: [{ at: "spec", rule: "has(self.unit) != has(self.policy)", message: "must name either unit or policy" }],
  },
  TrafficPolicy: {
    plural: "trafficpolicies",
    shortNames: ["tp"],
    isNamespaced: true,
    policyClass: "Direct",
    columns: [
      { name: "Services", path: ".spec.services" },
      { name: "Request", path: ".spec.timeouts.request" },
      ACCEPTED,
      PROGRAMMED,
      PROXIES,
      REASON,
      AGE,
    ],
    rules: [],
  },
  MeshTest: {
    plural: "meshtests",
    shortNames: ["mt"],
    isNamespaced: true,
    columns: [
      { name: "Caller", path: ".spec.caller" },
      { name: "URL", path: ".spec.request.url" },
      { name: "Expect", path: ".spec.expect.verdict" },
      ACCEPTED,
      { name: "Passed", condition: "TestsPassed" },
      REASON,
      AGE,
    ],
    rules: [],
  },
};
