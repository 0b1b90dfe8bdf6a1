/** URLs as Go's net/url takes them apart, which is stricter here and laxer there than WHATWG's. */
import { parseAddress } from "./address.ts";

/** The fields of Go's url.URL. */
export type GoUrl = {
  readonly Scheme: string;
  readonly Opaque: string;
  readonly User: object | null;
  readonly Host: string;
  readonly Path: string;
  readonly Fragment: string;
  readonly RawQuery: string;
  readonly RawPath: string;
  readonly RawFragment: string;
  readonly ForceQuery: boolean;
  readonly OmitHost: boolean;
};

const EMPTY: GoUrl = {
  Scheme: "",
  Opaque: "",
  User: null,
  Host: "",
  Path: "",
  Fragment: "",
  RawQuery: "",
  RawPath: "",
  RawFragment: "",
  ForceQuery: false,
  OmitHost: false,
};

/** Throws where Go refuses the text, which is ASCII. */
export function parseGoUrl(text: string): GoUrl {
  if (/[\0-\x1f\x7f]/.test(text)) throw new Error("invalid control character in URL");
  const [before, fragment] = cut(text, "#");
  const url = parseReference(before);
  if (fragment === undefined) return url;
  const decoded = decodeEscapes(fragment);
  const isPlain = encodeEscapes(decoded, FRAGMENT_KEPT) === fragment;
  return { ...url, Fragment: decoded, RawFragment: isPlain ? "" : fragment };
}

function parseReference(text: string): GoUrl {
  if (text === "") return EMPTY;
  if (text === "*") return { ...EMPTY, Path: "*" };
  const found = /^(?:([A-Za-z][A-Za-z0-9+\-.]*)?:)?(.*)$/s.exec(text) as RegExpExecArray;
  if (text.startsWith(":")) throw new Error("missing protocol scheme");
  const scheme = (found[1] ?? "").toLowerCase();
  let rest = found[2] as string;
  const isForced = rest.endsWith("?") && rest.indexOf("?") === rest.length - 1;
  const [path, query = ""] = isForced ? [rest.slice(0, -1)] : cut(rest, "?");
  rest = path;
  const own = { ...EMPTY, Scheme: scheme, RawQuery: query, ForceQuery: isForced };
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { ...own, Opaque: rest };
    if ((rest.split("/")[0] as string).includes(":")) throw new Error("first path segment in URL cannot contain colon");
  }
  let authority: Partial<GoUrl> = {};
  if ((scheme !== "" || !rest.startsWith("///")) && rest.startsWith("//")) {
    const end = rest.indexOf("/", 2);
    authority = parseAuthority(scheme, rest.slice(2, end < 0 ? undefined : end));
    rest = end < 0 ? "" : rest.slice(end);
  } else if (scheme !== "" && rest.startsWith("/")) authority = { OmitHost: true };
  const decoded = decodeEscapes(rest);
  const isPlain = encodeEscapes(decoded, PATH_KEPT) === rest;
  return { ...own, ...authority, Path: decoded, RawPath: isPlain ? "" : rest };
}

function parseAuthority(scheme: string, text: string): Partial<GoUrl> {
  const at = text.lastIndexOf("@");
  const Host = parseHost(scheme, text.slice(at + 1));
  if (at < 0) return { Host };
  const user = text.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new Error("net/url: invalid userinfo");
  decodeEscapes(user);
  return { Host, User: {} };
}

/** What a host may have beside escapes. */
const HOST = /^[\x80-\uffffA-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%]*$/;
const PORT = /^(:[0-9]*)?$/;

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new Error("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  const colon = scheme === "http" || scheme === "https" ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0 && !PORT.test(host.slice(colon))) throw new Error("invalid port after host");
  return hostOf(host);
}

/** `[IPv6]`, perhaps with a zone and a port. */
function parseLiteral(host: string): string {
  const end = host.lastIndexOf("]");
  if (end < 0) throw new Error("missing ']' in host");
  if (!PORT.test(host.slice(end + 1))) throw new Error("invalid port after host");
  const [address, zone] = cut(host.slice(1, end), "%25");
  if (parseAddress(address)?.length !== 16) throw new Error("invalid host");
  if (zone === undefined) return host;
  if (zone === "") throw new Error("invalid host: zone must be a non-empty string");
  return `[${address}%${hostOf(zone)}]${host.slice(end + 1)}`;
}

/** Only bytes that are not ASCII may be escaped in a host. */
function hostOf(text: string): string {
  const bad = /%[0-7](?!5)|%[013-7]5/.exec(text);
  if (bad !== null) throw new Error(`invalid URL escape "${text.slice(bad.index, bad.index + 3)}"`);
  if (!HOST.test(text)) throw new Error("invalid character in host name");
  return decodeEscapes(text);
}

function cut(text: string, separator: string): readonly [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Throws at an escape that is none. */
function decodeEscapes(text: string): string {
  const bad = /%(?![0-9A-Fa-f]{2})/.exec(text);
  if (bad !== null) throw new Error(`invalid URL escape "${text.slice(bad.index, bad.index + 3)}"`);
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

const PATH_KEPT = /[A-Za-z0-9\-_.~$&+,/:;=@]/;
const FRAGMENT_KEPT = /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/;

/** How Go would write the text by itself. */
function encodeEscapes(text: string, kept: RegExp): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return byte < 0x80 && kept.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
