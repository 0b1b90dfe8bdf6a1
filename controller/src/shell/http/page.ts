/** The page's files, as `prepare` built them: read once, served from memory, under a policy that runs nothing else. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";

export const PAGE_FOLDER = resolve(import.meta.dirname, "../../../../dashboard/dist");

export const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
} as const;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

export type PageFile = { readonly type: string; readonly content: Buffer; readonly isNamedByContent: boolean };

/** By URL path; `/` is the page itself. Undefined where it is not built. */
export function loadPage(folder: string): ReadonlyMap<string, PageFile> | undefined {
  const files = new Map<string, PageFile>();
  let entries: readonly { readonly parentPath: string; readonly name: string; isFile(): boolean }[];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return undefined;
  }
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split("\\").join("/")}`;
    files.set(path, { type, content: readFileSync(file), isNamedByContent: path.startsWith("/assets/") });
  }
  const index = files.get("/index.html");
  if (index === undefined) return undefined;
  return files.set("/", index);
}
