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

/** Throws, in Go's words, where Go refuses the text. */
export function parseGoUrl(text: string): GoUrl {
  const [before, fragment = ""] = cut(text, "#");
  const url = saying(before, () => parseReference(before));
  if (fragment === "") return url;
  const decoded = saying(text, () => decodeEscapes(fragment));
  const isPlain = encodeEscapes(decoded, FRAGMENT_KEPT) === fragment;
  return { ...url, Fragment: decoded, RawFragment: isPlain ? "" : fragment };
}

function saying<Part>(text: string, parse: () => Part): Part {
  try {
    return parse();
  } catch (error) {
    throw new Error(`parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

/** Host and port, the host without an IP literal's brackets. */
export function splitHost({ Host }: GoUrl): { readonly hostname: string; readonly port: string } {
  const colon = Host.lastIndexOf(":");
  const hasPort = colon >= 0 && PORT.test(Host.slice(colon));
  const host = hasPort ? Host.slice(0, colon) : Host;
  return { hostname: host.replace(/^\[(.*)\]$/s, "$1"), port: hasPort ? Host.slice(colon + 1) : "" };
}

function parseReference(text: string): GoUrl {
  if (/[\0-\x1f\x7f]/.test(text)) throw new Error("net/url: invalid control character in URL");
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
  const [name, password = ""] = cut(user, ":");
  decodeEscapes(name);
  decodeEscapes(password);
  return { Host, User: {} };
}

const PORT = /^(:[0-9]*)?$/;

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new Error("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  const colon = scheme === "http" || scheme === "https" ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0) checkPort(host.slice(colon));
  return hostOf(host);
}

function checkPort(port: string): void {
  if (!PORT.test(port)) throw new Error(`invalid port ${JSON.stringify(port)} after host`);
}

/** `[IPv6]`, perhaps with a zone and a port. */
function parseLiteral(host: string): string {
  const end = host.lastIndexOf("]");
  if (end < 0) throw new Error("missing ']' in host");
  const port = host.slice(end + 1);
  checkPort(port);
  const [written, zone] = cut(host.slice(1, end), "%25");
  const address = hostOf(written);
  const decoded = zone === undefined ? address : `${address}%${zoneOf(zone)}`;
  const bytes = parseAddress(address);
  if (bytes === undefined || zone === "")
    throw new Error(`invalid host: ParseAddr(${JSON.stringify(decoded)}): unable to parse IP`);
  if (bytes.length !== 16)
    throw new Error(zone === undefined ? "invalid IP-literal" : "invalid host: zones cannot be used with IPv4");
  return `[${decoded}]${port}`;
}

/** What a host must not have beside escapes. */
const NO_HOST = /[\0- #%/?@\\^`{|}\x7f]/;

/** Only bytes that are not ASCII may be escaped in a host. */
function hostOf(text: string): string {
  checkEscapes(text, (code) => code === "%25" || Number.parseInt(code.slice(1), 16) >= 0x80);
  return checkedHost(text);
}

/** A zone may escape what a host may have without, and a space. */
function zoneOf(text: string): string {
  checkEscapes(text, (code) => {
    const letter = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return letter === "%" || letter === " " || (letter < "\x80" && !NO_HOST.test(letter));
  });
  return checkedHost(text);
}

function checkedHost(text: string): string {
  const bad = NO_HOST.exec(text.replace(/%../gs, ""));
  if (bad !== null) throw new Error(`invalid character ${JSON.stringify(bad[0])} in host name`);
  return decodeEscapes(text);
}

function cut(text: string, separator: string): readonly [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function checkEscapes(text: string, isAllowed: (code: string) => boolean): void {
  for (const [code] of text.matchAll(/%.{0,2}/gs)) {
    if (!/^%[0-9A-Fa-f]{2}$/.test(code) || !isAllowed(code)) {
      throw new Error(`invalid URL escape ${JSON.stringify(code)}`);
    }
  }
}

/** Throws at an escape that is none. */
function decodeEscapes(text: string): string {
  if (!text.includes("%")) return text;
  checkEscapes(text, () => true);
  const bytes = Buffer.from(text).toString("latin1");
  const decoded = bytes.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(decoded, "latin1").toString();
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
