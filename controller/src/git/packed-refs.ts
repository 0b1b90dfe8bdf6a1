/** The `packed-refs` file: `HASH refs/heads/main` lines, comments, and `^HASH` lines of tags. */

import { copyText } from "@regomesh/base";

const HASH = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

export function findPackedRef(text: string, ref: string): string | undefined {
  for (let at = text.indexOf(` ${ref}`); at >= 0; at = text.indexOf(` ${ref}`, at + 1)) {
    const end = at + ref.length + 1;
    if (end < text.length && text[end] !== "\n" && text[end] !== "\r") continue;
    const hash = text.slice(text.lastIndexOf("\n", at) + 1, at);
    if (isHash(hash)) return copyText(hash); // it is kept, the file is not
  }
  return undefined;
}

/** A loose ref's content: a hash, or the name of another ref. */
export function parseLooseRef(text: string): { readonly hash: string } | { readonly ref: string } | undefined {
  const content = text.trim();
  if (isHash(content)) return { hash: content };
  const [, ref] = /^ref: (refs\/[^\s~^:?*[\\]+)$/.exec(content) ?? [];
  return ref === undefined || !isRefName(ref) ? undefined : { ref };
}

export function isHash(text: string): boolean {
  return HASH.test(text);
}

/**
 * Names as git takes them (git-check-ref-format), less those that are an option: neither a way
 * out of the refs folder nor an expression.
 */
export function isRefName(name: string): boolean {
  return (
    /^[^\u0000-\u0020\u007f~^:?*[\\]+$/.test(name) &&
    new TextEncoder().encode(name).length <= 255 &&
    name !== "@" &&
    !name.endsWith(".") &&
    !name.startsWith("-") &&
    name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock")) &&
    !name.includes("..") &&
    !name.includes("@{")
  );
}
