/** Whether a certificate is for a host, as Go's VerifyHostname says: by its alternative names alone. */
import { parseAddress, unmapped } from "../address.ts";
import type { AlternativeNames } from "./extensions.ts";

export function isForHost({ dns, addresses }: AlternativeNames, host: string): boolean {
  const bare = /^\[.+\]$/.test(host) ? host.slice(1, -1) : host;
  const address = parseAddress(bare);
  if (address !== undefined) return addresses.some((other) => unmapped(other).equals(unmapped(address)));
  const name = lowerCase(host);
  const isName = isHostName(name, false);
  return dns.some((pattern) =>
    isName && isHostName(pattern, true) ? matches(lowerCase(pattern), name) : isSame(pattern, name),
  );
}

/** What is no host name matches only itself: not everyone's names are for DNS. */
function isSame(a: string, b: string): boolean {
  return a !== "" && a !== "." && b !== "" && b !== "." && lowerCase(a) === b;
}

/** A pattern may begin with the label `*`; a host may end with a period. */
function isHostName(host: string, isPattern: boolean): boolean {
  const name = isPattern ? host : host.replace(/\.$/, "");
  if (name === "" || name === "*") return false;
  return name
    .split(".")
    .every((label, i) => (isPattern && i === 0 && label === "*") || /^[a-zA-Z0-9_][a-zA-Z0-9_-]*$/.test(label));
}

/** The wildcard stands for one label. */
function matches(pattern: string, name: string): boolean {
  const labels = name.replace(/\.$/, "").split(".");
  const wanted = pattern.split(".");
  return (
    wanted.length === labels.length && wanted.every((label, i) => (i === 0 && label === "*") || label === labels[i])
  );
}

/** ASCII letters only (RFC 6125 §6.4.1). */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
