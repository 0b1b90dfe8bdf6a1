/** What asks the network: `http.send`, `net.lookup_ip_addr`. */
import { isIP } from "node:net";
import type { HostBuiltins } from "../../host-builtins.ts";
import type { HostOptions } from "../host-builtins.ts";
import { makeHttpSend } from "./http-send.ts";
import { type AskNetwork, makeNetwork } from "./wait-for-network.ts";

const LOOKUP_MS = 30_000;

export function networkBuiltins({ env = {}, allowNet }: HostOptions): HostBuiltins {
  const network = makeNetwork();
  return {
    "http.send": makeHttpSend(network, { env, allowNet }),
    "net.lookup_ip_addr": (name: string) => addressesOf(name, network, allowNet),
  };
}

function addressesOf(name: string, network: AskNetwork, allowNet: readonly string[] | undefined): unknown {
  if (allowNet !== undefined && !allowNet.includes(name)) throw new Error(`disallowed host: ${name}`);
  if (isIP(name) !== 0) return [name];
  const outcome = network({ kind: "lookup", name }, LOOKUP_MS);
  if (outcome.kind === "failure") throw new Error(`lookup ${name}: no such host`);
  return outcome.value;
}
