/**
 * Where a repository is read from: a directory of this machine, or an address that git fetches from.
 * Fetched are https and ssh; plain http from this machine alone, since whoever stands between could
 * change what is enforced.
 */
export type Remote = { readonly url: string; readonly transport: "https" | "http" | "ssh" };
export type RepositoryPlace =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "remote"; readonly remote: Remote }
  | { readonly kind: "fault"; readonly reason: string };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** `git@host:path`, as git has it for ssh; a single letter before the colon is none here either. */
const SCP_FORM = /^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9.-]{2,}):(?!\/\/)([^:]+)$/;
/** What may stand in an address: neither white space nor what a shell or an option would be made of. */
const SAFE = /^[A-Za-z0-9:/@._~%+\-[\]]+$/;

/** Reads what follows `--git`. A fault's reason never holds the address: it may hold a password. */
export function parsePlace(text: string): RepositoryPlace {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  if (!hasScheme && !text.includes("@")) return { kind: "directory", path: text };
  const scp = hasScheme ? null : SCP_FORM.exec(text);
  if (!hasScheme && scp === null) return { kind: "directory", path: text };
  const address = scp === null ? text : `ssh://${scp[1] === undefined ? "" : `${scp[1]}@`}${scp[2]}/${scp[3]}`;
  if (!SAFE.test(address) || !URL.canParse(address)) return fault("that is no address that git takes");
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(address);
  if (password !== "" || (username !== "" && protocol !== "ssh:"))
    return fault("an address holds no password or token: give it in a file, with --credentials URL=FILE");
  if (search !== "" || hash !== "") return fault("an address ends with its path");
  if (!["https:", "ssh:", "http:"].includes(protocol))
    return fault(`${protocol}// is not read: https:// and ssh:// are`);
  // Whoever fetches resolves them: no secret of one path is for another.
  if (/(\/|%2f|%5c)(\.|%2e){1,2}(\/|%2f|%5c|$)/i.test(address)) return fault("an address has no . or .. in its path");
  if (hostname === "" || hostname.startsWith("-") || pathname.length < 2 || pathname.startsWith("/-"))
    return fault("an address has a host and a path");
  switch (protocol) {
    case "https:":
      return { kind: "remote", remote: { url: address, transport: "https" } };
    case "ssh:":
      return { kind: "remote", remote: { url: address, transport: "ssh" } };
    default:
      return LOOPBACK.test(hostname)
        ? { kind: "remote", remote: { url: address, transport: "http" } }
        : fault(
            "http:// is read from this machine alone; whoever stands between could change it: use https:// or ssh://",
          );
  }
}

/** A token or key, and the address below which it is used: a whole host, a folder of it, or one repository. */
export type Credential = { readonly prefix: string; readonly file: string };

/** Reads the address of a credential: as of a repository, but that a whole host is one too. Undefined where it is none. */
export function parsePrefix(text: string): string | undefined {
  // With something below it what is a host alone is an address.
  const isHost = /^[a-z]+:\/\/[^/]+\/?$/i.test(text);
  const place = parsePlace(isHost ? `${text.replace(/\/$/, "")}/x` : text);
  if (place.kind !== "remote") return undefined;
  return isHost ? place.remote.url.slice(0, -"/x".length) : place.remote.url;
}

/** The file of the nearest credential above an address; undefined where there is none. */
export function credentialFor(url: string, credentials: readonly Credential[]): string | undefined {
  return credentials.filter(({ prefix }) => isBelow(url, prefix)).sort((a, b) => b.prefix.length - a.prefix.length)[0]
    ?.file;
}

/** A prefix ends where a part of an address does, so that no secret is for a host whose name only begins so. */
function isBelow(url: string, prefix: string): boolean {
  return url === prefix || url.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}

function fault(reason: string): RepositoryPlace {
  return { kind: "fault", reason };
}
