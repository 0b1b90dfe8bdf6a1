/**
 * Where news of commits go, and how each place wants them said: a webhook of anybody's (JSON, signed), or a commit
 * status as GitHub (Gitea and Forgejo alike) or GitLab takes them.
 */
import { clip } from "@regomesh/base";
import type { News, What } from "./news.ts";

export type TellTarget = {
  readonly kind: TargetKind;
  /** Of the hook, or of the repository in the server's API. */
  readonly url: string;
  /** Whose news; undefined: every source's. */
  readonly source: string | undefined;
};

const KINDS = ["webhook", "github", "gitlab"] as const;
export type TargetKind = (typeof KINDS)[number];

/** What is sent, before the secret is added. */
export type Telling = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How the secret is shown: it signs the body, or is a field. */
  readonly secret: { readonly kind: "signature" | "field"; readonly field: string; readonly prefix: string };
};

/** Servers cut longer ones, or refuse them. */
const DESCRIPTION_MAX = { github: 140, gitlab: 255 } as const;
const CONTEXT = "regomesh";
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

const STATES: Readonly<Record<"github" | "gitlab", Readonly<Record<What, string>>>> = {
  github: { accepted: "pending", "in-force": "success", refused: "failure", held: "failure", "rolled-back": "error" },
  gitlab: { accepted: "pending", "in-force": "success", refused: "failed", held: "failed", "rolled-back": "canceled" },
};

const WORDS: Readonly<Record<What, string>> = {
  accepted: "given to proxies",
  "in-force": "in force",
  refused: "refused",
  held: "taken back",
  "rolled-back": "rolled back",
};

/** `[SOURCE/]KIND:URL`, or what is wrong with it. A commit status is of one source: the mesh's own where none is named. */
export function parseTarget(text: string): TellTarget | { readonly fault: string } {
  const [, source, kind, url = ""] = /^(?:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/)?(\w+):(.+)$/.exec(text) ?? [];
  const known = KINDS.find((each) => each === kind);
  if (known === undefined)
    return { fault: "[SOURCE/]webhook:URL, [SOURCE/]github:URL or [SOURCE/]gitlab:URL is wanted" };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLoopback = parsed?.protocol === "http:" && /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(parsed.hostname);
  if (parsed === undefined || (parsed.protocol !== "https:" && !isLoopback))
    return { fault: "the address must be https://…, or http:// of this machine" };
  if (parsed.username !== "" || parsed.password !== "" || parsed.hash !== "")
    return { fault: "the address must have neither user, password nor fragment: the secret is in its file" };
  if (known !== "webhook" && parsed.search !== "") return { fault: "the address of a repository has no query" };
  return { kind: known, url: parsed.href, source: source ?? (known === "webhook" ? undefined : "root") };
}

/** As logs and status name it: what a query holds may be a secret. */
export function nameTarget({ kind, url }: TellTarget): string {
  const { origin, pathname } = new URL(url);
  return `${kind} ${origin}${pathname}`;
}

/** What a target is sent of news; undefined where they are not for it. */
export function toTelling(target: TellTarget, news: News, mesh: string): Telling | undefined {
  if (target.source !== undefined && target.source !== news.source) return undefined;
  const json = { "content-type": "application/json", "user-agent": CONTEXT };
  if (target.kind === "webhook") {
    return {
      url: target.url,
      headers: { ...json, "x-regomesh-event": news.what },
      body: JSON.stringify({ mesh, ...news }),
      secret: { kind: "signature", field: "x-hub-signature-256", prefix: "sha256=" },
    };
  }
  // What is no commit of git has no status there.
  if (!COMMIT.test(news.commit)) return undefined;
  const { kind } = target;
  const words = `${mesh}: ${WORDS[news.what]}${news.reason === undefined ? "" : `: ${news.reason}`}`;
  const description = clip(words, DESCRIPTION_MAX[kind]);
  const state = STATES[kind][news.what];
  const url = `${target.url.replace(/\/+$/, "")}/statuses/${news.commit}`;
  const context = news.source === "root" ? CONTEXT : `${CONTEXT}/${news.source}`;
  return kind === "github"
    ? {
        url,
        headers: { ...json, accept: "application/vnd.github+json" },
        body: JSON.stringify({ state, description, context }),
        secret: { kind: "field", field: "authorization", prefix: "Bearer " },
      }
    : {
        url,
        headers: json,
        body: JSON.stringify({ state, description, name: context }),
        secret: { kind: "field", field: "private-token", prefix: "" },
      };
}
