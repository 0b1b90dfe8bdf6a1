/** Mailboxes of RFC 2821 §4.1.2 as Go takes them apart: local part and domain. */
import { isDomainName } from "./domain-name.ts";

export type Mailbox = { readonly local: string; readonly domain: string };

const QUOTED = /^"((?:[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*)"@/;
/** Escapes stand outside of quotes too: RFC 3696 has examples. */
const ATOMS = /^((?:[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]|\\[\s\S])+)@/;

/** Undefined for what is none. The domain is as written. */
export function parseMailbox(text: string): Mailbox | undefined {
  const found = text.startsWith('"') ? QUOTED.exec(text) : ATOMS.exec(text);
  if (found === null) return undefined;
  const [whole, written] = found as unknown as readonly [string, string];
  const local = written.replace(/\\([\s\S])/g, "$1");
  const isAtoms = !text.startsWith('"');
  if (isAtoms && (local.startsWith(".") || local.endsWith(".") || local.includes(".."))) return undefined;
  const domain = text.slice(whole.length);
  const isDomain = domain === "" || (isDomainName(domain, false) && !domain.startsWith("."));
  return isDomain ? { local, domain } : undefined;
}
