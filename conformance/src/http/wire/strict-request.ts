/**
 * A request parser that shares nothing with the proxy's codec: the referee. Written over
 * strings by RFC 9112's grammar, with no tolerance but for empty lines before a request.
 */
export type SeenRequest = {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
};
export type Parsed =
  | { readonly kind: "request"; readonly request: SeenRequest; readonly end: number }
  | { readonly kind: "incomplete"; readonly hasHead: boolean }
  | { readonly kind: "violation"; readonly what: string };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^[\x21-\x7e]+$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=]+)(:\d*)?$/;

/** The request that begins at `start` of `text` (a character a byte). */
export function parseStrictly(text: string, start = 0): Parsed {
  let at = start;
  while (text.startsWith("\r\n", at)) at += 2;
  const headEnd = text.indexOf("\r\n\r\n", at);
  const head = text.slice(at, headEnd < 0 ? undefined : headEnd);
  const stray = strayControl(head);
  if (stray !== undefined && (headEnd >= 0 || !head.endsWith("\r"))) return violation(stray);
  if (headEnd < 0) return { kind: "incomplete", hasHead: false };
  const [line = "", ...lines] = head.split("\r\n");
  const [method = "", target = "", version = "", ...more] = line.split(" ");
  if (more.length > 0 || !TOKEN.test(method) || !TARGET.test(target)) {
    return violation(`request line ${JSON.stringify(line)}`);
  }
  if (!/^HTTP\/1\.[01]$/.test(version)) return violation(`version ${JSON.stringify(version)}`);
  if (!isTargetForm(method, target)) return violation(`target ${JSON.stringify(target)}`);
  const fields = parseFields(lines);
  if (typeof fields === "string") return violation(fields);
  const framing = framingOf(fields, version);
  if (typeof framing === "string") return violation(framing);
  return parseBody(text, headEnd + 4, { method, target, version, fields }, framing);
}

type Framing = { readonly kind: "length"; readonly length: number } | { readonly kind: "chunked" };
type Start = Pick<SeenRequest, "method" | "target" | "version" | "fields">;

function parseBody(text: string, start: number, head: Start, framing: Framing): Parsed {
  if (framing.kind === "chunked") return parseChunks(text, start, head);
  const end = start + framing.length;
  if (text.length < end) return { kind: "incomplete", hasHead: true };
  return { kind: "request", request: { ...head, body: text.slice(start, end), trailers: [] }, end };
}

function parseChunks(text: string, start: number, head: Start): Parsed {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const line = text.slice(at, lineEnd < 0 ? undefined : lineEnd);
    if (!/^[0-9a-fA-F]*(;[\t\x20-\x7e\x80-\xff]*)?\r?$/.test(line)) {
      return violation(`chunk line ${JSON.stringify(line.slice(0, 40))}`);
    }
    if (lineEnd < 0) return { kind: "incomplete", hasHead: true };
    if (!/^[0-9a-fA-F]+(;|$)/.test(line)) return violation(`chunk line ${JSON.stringify(line.slice(0, 40))}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    if (text.length > at && text[at] !== "\r") return violation("a chunk longer than its size");
    if (text.length > at + 1 && text[at + 1] !== "\n") return violation("a chunk not ended by CR LF");
    if (text.length < at + 2) return { kind: "incomplete", hasHead: true };
    at += 2;
  }
  return parseTrailers(text, at, head, body);
}

function parseTrailers(text: string, start: number, head: Start, body: string): Parsed {
  if (text.startsWith("\r\n", start)) {
    return { kind: "request", request: { ...head, body, trailers: [] }, end: start + 2 };
  }
  const end = text.indexOf("\r\n\r\n", start);
  if (end < 0) return { kind: "incomplete", hasHead: true };
  const section = text.slice(start, end);
  const stray = strayControl(section);
  if (stray !== undefined) return violation(`trailers: ${stray}`);
  const trailers = parseFields(section.split("\r\n"));
  if (typeof trailers === "string") return violation(`trailers: ${trailers}`);
  return { kind: "request", request: { ...head, body, trailers }, end: end + 4 };
}

function parseFields(lines: readonly string[]): [string, string][] | string {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (colon < 0 || !TOKEN.test(name) || !VALUE.test(value)) return `field line ${JSON.stringify(line.slice(0, 60))}`;
    fields.push([name, value]);
  }
  return fields;
}

function framingOf(fields: readonly (readonly [string, string])[], version: string): Framing | string {
  const valuesOf = (name: string) => fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
  const hosts = valuesOf("host");
  if (hosts.length > 1 || (hosts.length === 0 && version === "HTTP/1.1")) return `${hosts.length} Host fields`;
  if (hosts[0] !== undefined && !HOST.test(hosts[0])) return `Host ${JSON.stringify(hosts[0])}`;
  const lengths = valuesOf("content-length");
  const codings = valuesOf("transfer-encoding");
  if (lengths.length > 0 && codings.length > 0) return "Content-Length beside Transfer-Encoding";
  if (codings.length > 0) {
    const isChunked = codings.length === 1 && codings[0]?.toLowerCase() === "chunked" && version === "HTTP/1.1";
    return isChunked ? { kind: "chunked" } : `Transfer-Encoding ${JSON.stringify(codings)} in ${version}`;
  }
  if (lengths.length > 1 || (lengths[0] !== undefined && !/^\d{1,16}$/.test(lengths[0]))) {
    return `Content-Length ${JSON.stringify(lengths)}`;
  }
  return { kind: "length", length: Number(lengths[0] ?? 0) };
}

function isTargetForm(method: string, target: string): boolean {
  if (method === "CONNECT") return false;
  if (target === "*") return method === "OPTIONS";
  return target.startsWith("/") || /^http:\/\/[^/?#@]+/i.test(target);
}

function strayControl(text: string): string | undefined {
  const found = /\r(?!\n)|(?<!\r)\n|\0/.exec(text);
  return found === null ? undefined : `${JSON.stringify(found[0])} at ${found.index}`;
}

function violation(what: string): Parsed {
  return { kind: "violation", what };
}

/** Complete and valid requests that `text` begins with, up to the connection's last. */
export function leadingRequests(text: string): SeenRequest[] {
  const requests: SeenRequest[] = [];
  let at = 0;
  while (at < text.length) {
    const parsed = parseStrictly(text, at);
    if (parsed.kind !== "request") break;
    requests.push(parsed.request);
    at = parsed.end;
    if (isLast(parsed.request)) break;
  }
  return requests;
}

/** Options of the Connection fields, in lower case. */
export function connectionOptions(request: SeenRequest): string[] {
  return request.fields
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(","))
    .map((option) => option.trim());
}

/** RFC 9112, section 9.3: whether the connection ends with this request. */
function isLast(request: SeenRequest): boolean {
  const options = connectionOptions(request);
  return options.includes("close") || (request.version === "HTTP/1.0" && !options.includes("keep-alive"));
}
