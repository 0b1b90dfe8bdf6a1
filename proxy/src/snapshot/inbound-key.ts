/** What makes an inbound port the same one from snapshot to snapshot. */
import type { InboundPort } from "@regomesh/protocol";

/** Its number, since its name may change while it serves; of a port without a number its name. */
export function inboundKey({ name, servicePort }: Pick<InboundPort, "name" | "servicePort">): string {
  return servicePort === undefined ? name : `:${servicePort}`;
}
