/** References between schemas: URLs with a JSON pointer for a fragment, resolved as Go's net/url does. */
import { type GoUrl, parseGoUrl } from "../url.ts";

/** What a reference is without its scope: the empty one names the document itself. */
export const NO_BASE: GoUrl = parseGoUrl("");

/** The reference seen from `base`, whose fragment does not count. */
export function resolveReference(base: GoUrl, reference: GoUrl): GoUrl {
  const Scheme = reference.Scheme === "" ? base.Scheme : reference.Scheme;
  if (reference.Scheme !== "" || reference.Host !== "" || reference.User !== null) {
    return { ...reference, Scheme, Path: resolvePath(reference.Path, "") };
  }
  if (reference.Opaque !== "") return { ...reference, Scheme };
  const isSameFile = reference.Path === "" && !reference.ForceQuery && reference.RawQuery === "";
  const RawQuery = isSameFile ? base.RawQuery : reference.RawQuery;
  if (reference.Path === "" && base.Opaque !== "") return { ...reference, Scheme, RawQuery, Opaque: base.Opaque };
  return {
    ...reference,
    Scheme,
    RawQuery,
    Host: base.Host,
    User: base.User,
    Path: resolvePath(base.Path, reference.Path),
  };
}

function resolvePath(base: string, path: string): string {
  const whole = path === "" ? base : path.startsWith("/") ? path : base.slice(0, base.lastIndexOf("/") + 1) + path;
  if (whole === "") return "";
  const kept: string[] = [];
  const segments = whole.replace(/^\//, "").split("/");
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === ".." && kept.length > 0) kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (isLast) kept.push("");
  }
  return `/${kept.join("/")}`.replace(/^\/\//, "/");
}

/** Two references are the same where they print the same. */
export function printReference(url: GoUrl): string {
  const fragment = url.Fragment === "" ? "" : `#${url.Fragment}`;
  return documentName(url) + fragment;
}

/** The reference without its fragment. */
export function documentName({ Scheme, Opaque, Host, Path, RawQuery }: GoUrl): string {
  const scheme = Scheme === "" ? "" : `${Scheme}:`;
  const authority = Scheme !== "" || Host !== "" ? `//${Host}` : "";
  return `${scheme}${Opaque === "" ? authority + Path : Opaque}${RawQuery === "" ? "" : `?${RawQuery}`}`;
}

/** It names a host, so that it could be asked. */
export function isCanonical({ Scheme, Host, Path }: GoUrl): boolean {
  return Scheme === "file" ? Path.startsWith("/") : Scheme !== "" && Host !== "";
}

/** What the pointer names in the document. Throws where there is nothing. */
export function followPointer(document: unknown, pointer: string): unknown {
  if (!pointer.startsWith("/")) return document; // none, or the name of something that is not there
  let node = document;
  for (const token of pointer.slice(1).split("/")) {
    if (Array.isArray(node)) {
      if (!/^[+-]?\d+$/.test(token)) throw new Error(`Invalid array index '${token}'`);
      const index = Number(token);
      if (index < 0 || index >= node.length) {
        throw new Error(`Out of bound array[0,${node.length}] index '${index}'`);
      }
      node = node[index];
    } else if (typeof node === "object" && node !== null) {
      const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (!Object.hasOwn(node, key)) throw new Error(`Object has no key '${key}'`);
      node = (node as Record<string, unknown>)[key];
    } else throw new Error(`Invalid token reference '${token}'`);
  }
  return node;
}
