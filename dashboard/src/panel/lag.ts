/** Whether a proxy lags: it is there, and the revision that is meant for all is not in force on it. */
import type { ProxyBody, StatusBody } from "@regomesh/controller/api";

type Proxy = Pick<ProxyBody, "state" | "revision" | "isOrphan">;

/** Who is gone or was never seen enforces nothing, and an orphan is meant to get nothing: neither is late. */
export function lagsBehind({ state, revision, isOrphan }: Proxy, status: Pick<StatusBody, "revision">): boolean {
  if (status.revision === undefined || isOrphan || state === "gone" || state === "never") return false;
  return revision !== status.revision.name;
}
