/** Addresses of names without asking the network: literals, and a hosts file. */
import { isIP } from "node:net";

const NAME_BYTES_MAX = 253;

/** Throws where the name has none, as a resolver does. */
export function addressesOf(name: string, hosts: string): readonly string[] {
  if (isIP(name) !== 0) return [name];
  const wanted = name.toLowerCase();
  const found = hosts
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(
      ([address, ...names]) => isIP(address ?? "") !== 0 && names.some((other) => other.toLowerCase() === wanted),
    );
  if (found.length === 0) throw new Error(`lookup ${name.slice(0, NAME_BYTES_MAX)}: no such host`);
  return found.map(([address]) => address as string);
}
