/** How long it took until a revision was in force where it was sent. */
import type { ProxyStream } from "../distribution/proxy.ts";
import type { Release } from "../distribution/release.ts";
import type { Distribution } from "../distribution/state.ts";

/**
 * Milliseconds, of each of these proxies that was sent this release: from its build to the proxy's word that it is in
 * force. What was gone back to was built long before: of that from the hold. A proxy that came later could not have it
 * before it came. Others have had all that it says for longer.
 */
export function timesToEffect(
  { revision, builtAtMs }: Release,
  { hold }: Pick<Distribution, "hold">,
  proxies: readonly ProxyStream[],
): readonly number[] {
  const givenAtMs = Math.max(builtAtMs, hold?.atMs ?? builtAtMs);
  return proxies.flatMap(({ holding, openedAtMs, inForceAtMs }) =>
    holding.revision?.sequence === revision.sequence && inForceAtMs !== undefined
      ? [inForceAtMs - Math.max(givenAtMs, openedAtMs)]
      : [],
  );
}
