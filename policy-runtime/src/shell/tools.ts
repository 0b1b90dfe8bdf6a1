/** The built-ins that command line and tests have and sidecars never load. */
import type { HostBuiltins } from "../host-builtins.ts";
import type { Family, HostOptions } from "./host-builtins.ts";

/** What asks the network shares one thread, started by the first question. */
export function toolFamilies(options: HostOptions): readonly Family[] {
  let network: Promise<HostBuiltins> | undefined;
  const loadNetwork = () => {
    network ??= import("./http/builtins.ts").then(({ networkBuiltins }) => networkBuiltins(options));
    return network;
  };
  return [
    { prefix: "graphql.", load: async () => (await import("./graphql/builtins.ts")).graphqlBuiltins() },
    { prefix: "http.send", load: loadNetwork },
    { prefix: "net.lookup_ip_addr", load: loadNetwork },
  ];
}
