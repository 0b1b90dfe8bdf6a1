/** What is said to Gateways and GatewayClasses that ask for this controller: it serves routes of services, and no Gateway yet. */
import { CONTROLLER_NAME } from "@regomesh/resources";
import { type Condition, condition } from "./condition.ts";
import { SUPPORTED_FEATURES } from "./features.ts";

export type GatewayClass = {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: { readonly controllerName: string };
};

export type Gateway = {
  readonly metadata: { readonly generation?: number };
  readonly spec: { readonly gatewayClassName: string };
};

const MESSAGE = "Regomesh serves routes whose parent is a Service; it serves no Gateway yet";

/** The status of a class that names this controller; undefined for another's. */
export function gatewayClassStatus({ metadata, spec }: GatewayClass) {
  if (spec.controllerName !== CONTROLLER_NAME) return undefined;
  return {
    conditions: [condition("Accepted", false, "Unsupported", MESSAGE, metadata.generation)],
    supportedFeatures: SUPPORTED_FEATURES.map((name) => ({ name })),
  };
}

/** Conditions of a Gateway whose class is one of ours; undefined for another's. */
export function gatewayConditions(
  { metadata, spec }: Gateway,
  classes: readonly GatewayClass[],
): readonly Condition[] | undefined {
  const isOurs = classes.some(
    (each) => each.metadata.name === spec.gatewayClassName && each.spec.controllerName === CONTROLLER_NAME,
  );
  if (!isOurs) return undefined;
  return [
    condition("Accepted", false, "Invalid", MESSAGE, metadata.generation),
    condition("Programmed", false, "Invalid", MESSAGE, metadata.generation),
  ];
}
