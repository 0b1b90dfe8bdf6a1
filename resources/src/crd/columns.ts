/** Printer columns: what `kubectl get` shows of a kind. */

export type Column = {
  readonly name: string;
  /** A field; or the status of a condition. */
  readonly path?: string;
  readonly condition?: string;
  readonly type?: "string" | "boolean" | "date";
  /** Shown by `-o wide` alone. */
  readonly isWide?: boolean;
  readonly description?: string;
};

export const ACCEPTED: Column = { name: "Accepted", condition: "Accepted" };
export const PROGRAMMED: Column = { name: "Programmed", condition: "Programmed" };
export const PROXIES: Column = { name: "Proxies", path: ".status.proxies.summary" };
/** Of the first condition that is not so: they stand in the order in which they come true. */
export const REASON: Column = {
  name: "Reason",
  path: '.status.conditions[?(@.status=="False")].message',
  isWide: true,
};
export const AGE: Column = { name: "Age", path: ".metadata.creationTimestamp", type: "date" };

/** As a CRD has it. */
export function toPrinterColumn({ name, path, condition, type = "string", isWide }: Column): object {
  return {
    name,
    type,
    jsonPath: path ?? `.status.conditions[?(@.type=="${condition}")].status`,
    ...(isWide === true ? { priority: 1 } : {}),
  };
}
