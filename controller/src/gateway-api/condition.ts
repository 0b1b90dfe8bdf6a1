/** What a route's status says of it, in the Gateway API's own words; whoever writes it adds the time. */

export type ConditionType = "Accepted" | "ResolvedRefs" | "PartiallyInvalid" | "Programmed";

export type Condition = {
  readonly type: ConditionType;
  readonly status: "True" | "False";
  readonly reason: string;
  /** A sentence for people; what is wrong first. */
  readonly message: string;
  /** Of what was looked at; absent where the resource counts none. */
  readonly observedGeneration?: number;
};

export function condition(
  type: ConditionType,
  isTrue: boolean,
  reason: string,
  message: string,
  generation: number | undefined,
): Condition {
  return {
    type,
    status: isTrue ? "True" : "False",
    reason,
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
