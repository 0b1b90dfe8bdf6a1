/** What of a repository is followed, and whose signature it must have. */
export type Followed =
  | { readonly kind: "branch"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string }
  | { readonly kind: "commit"; readonly hash: string };

export type Verify = {
  /** Public keys, of SSH or OpenPGP (armoured). */
  readonly keys: readonly string[];
  readonly what: "commit" | "tag";
};

/** `branch main`, for people. */
export function printFollowed(followed: Followed): string {
  switch (followed.kind) {
    case "branch":
    case "tag":
      return `${followed.kind} ${followed.name}`;
    case "commit":
      return `commit ${followed.hash.slice(0, 12)}`;
  }
}

/** As a source is called: `git main`. */
export function labelFollowed(followed: Followed): string {
  return `git ${followed.kind === "commit" ? followed.hash.slice(0, 12) : followed.name}`;
}

/** Where git has it, after a fetch. */
export function refOf(followed: Followed): string {
  switch (followed.kind) {
    case "branch":
      return `refs/heads/${followed.name}`;
    case "tag":
      return `refs/tags/${followed.name}`;
    case "commit":
      return followed.hash;
  }
}

/** What a fetch asks a remote for: its branches always, tags where one is followed, or a commit may be on any. */
export function refspecsOf(followed: Followed): readonly string[] {
  const heads = "+refs/heads/*:refs/heads/*";
  switch (followed.kind) {
    case "branch":
      return [heads];
    case "tag":
      return [heads, `+refs/tags/${followed.name}:refs/tags/${followed.name}`];
    case "commit":
      return [heads, "+refs/tags/*:refs/tags/*"];
  }
}

/** Of `git ls-remote`, the patterns of what concerns it. */
export function patternsOf(followed: Followed): readonly string[] {
  switch (followed.kind) {
    case "branch":
      return ["refs/heads/*"];
    case "tag":
      return ["refs/heads/*", `refs/tags/${followed.name}`, `refs/tags/${followed.name}^{}`];
    case "commit":
      return ["refs/heads/*", "refs/tags/*"];
  }
}
