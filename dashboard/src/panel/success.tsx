/** The share that succeeded: of a service that was asked nothing, or is gone, there is none. */
import { healthOf, printShare } from "../format.ts";

export function Success({ share, isKnown }: { readonly share: number; readonly isKnown: boolean }) {
  return isKnown ? <span class={healthOf(share)}>{printShare(share)}</span> : <span class="dim">–</span>;
}
