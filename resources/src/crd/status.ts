/** The status that the controller writes, as a CRD's schema: of every kind the same shape. */
import { API_GROUP } from "../kinds/metadata.ts";

/** As a condition's type, in the order in which they come true. */
export const CONDITIONS = ["Accepted", "ResolvedRefs", "Compiled", "TestsPassed", "Programmed"] as const;
export type ConditionType = (typeof CONDITIONS)[number];

/** Who writes `status.ancestors`, as GEP-713 asks. */
export const CONTROLLER_NAME = `${API_GROUP}/controller`;

/** GEP-713's bound. */
const ANCESTORS_MAX = 16;

const text = (lengthMax: number, description: string) => ({ type: "string", maxLength: lengthMax, description });
const count = (description: string) => ({ type: "integer", format: "int32", minimum: 0, description });

const condition = {
  type: "object",
  required: ["type", "status", "reason", "message", "lastTransitionTime"],
  properties: {
    type: {
      ...text(316, "what is said"),
      pattern:
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    },
    status: { type: "string", enum: ["True", "False", "Unknown"], description: "whether it is so" },
    reason: { ...text(1024, "why, in one word"), minLength: 1, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
    message: text(32_768, "why, for people; faults stand with file, line and column"),
    observedGeneration: { type: "integer", format: "int64", minimum: 0, description: "of which spec it is said" },
    lastTransitionTime: { type: "string", format: "date-time", description: "since when it is so" },
  },
};

const conditions = {
  type: "array",
  maxItems: 16,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  items: condition,
  description: "what became of the resource",
};

const ancestorRef = {
  type: "object",
  required: ["name"],
  properties: {
    group: text(253, "the target's group"),
    kind: text(63, "the target's kind"),
    namespace: text(63, "the target's namespace"),
    name: text(253, "the target's name"),
  },
  description: "what the policy is attached to",
};

const ancestors = {
  type: "array",
  maxItems: ANCESTORS_MAX,
  "x-kubernetes-list-type": "atomic",
  items: {
    type: "object",
    required: ["ancestorRef", "controllerName", "conditions"],
    properties: { ancestorRef, controllerName: text(253, "who says it"), conditions },
  },
  description: "what a policy is attached to, and what became of it there (GEP-713)",
};

/** `isPolicy`: it is attached to something. */
export function statusSchema(isPolicy: boolean): object {
  return {
    type: "object",
    description: "what became of it; written by the controller",
    properties: {
      observedGeneration: {
        type: "integer",
        format: "int64",
        minimum: 0,
        description: "of which spec all this is said",
      },
      conditions,
      revision: text(128, "the mesh's revision in which this text came in force"),
      proxies: {
        type: "object",
        properties: {
          total: count("proxies that it concerns"),
          programmed: count("of those, how many enforce it"),
          summary: text(32, "programmed/total"),
        },
        description: "who enforces it",
      },
      ...(isPolicy ? { ancestors } : {}),
    },
  };
}
