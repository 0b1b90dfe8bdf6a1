/** What suites that are not of the mesh profiles wait for. A suite waits for the first feature of this list that it needs. */
import type { Suite } from "./cases.ts";

const WAITS: readonly { readonly feature: RegExp; readonly for: string }[] = [
  { feature: /^UDPRoute/, for: "UDP, which the proxy does not carry" },
  { feature: /^TCPRoute/, for: "TCP, which the proxy does not carry yet" },
  { feature: /^TLSRoute/, for: "TLS passed through, which the proxy does not carry yet" },
  { feature: /^ListenerSet/, for: "ListenerSet, with GatewayClass and Gateway" },
  { feature: /^BackendTLSPolicy/, for: "BackendTLSPolicy, with GatewayClass and Gateway" },
  { feature: /^Gateway/, for: "GatewayClass and Gateway, which are an issue of their own" },
];

/** Undefined where nothing says what it waits for: then it is a failure. */
export function waitsFor({ features }: Suite): string | undefined {
  return WAITS.find(({ feature }) => features.some((name) => feature.test(name)))?.for;
}
