/** Why a remote repository could not be fetched, of what git says. */
import type { Remote } from "../../git/remote.ts";
import { ROOT_SOURCE, type SourceTrouble } from "../../sources/source.ts";
import { GitError } from "./git.ts";
import { SecretError } from "./secret-files.ts";

export type MirrorTrouble = Pick<SourceTrouble, "reason" | "message">;

/** In words for whoever can do something about it; git's own line behind them. `name`: as of a mirror. */
export function explainFetch(
  error: Error,
  { remote, name, tokenFile }: { readonly remote: Remote; readonly name?: string; readonly tokenFile?: string },
): MirrorTrouble {
  const { url, transport } = remote;
  const said = error.message
    .replace(/^git [a-z-]+: (fatal: )?/, "")
    .replaceAll(`'${url}/'`, "it")
    .replaceAll(url, "it");
  if (error instanceof SecretError) return { reason: error.reason, message: said };
  if (error instanceof GitError && error.code === "git_limit") return { reason: "limit", message: said };
  const credentials = `--credentials ${remote.url}=FILE`;
  // The mesh's own has flags of its own, too.
  const orOwn = (flag: string) =>
    name === undefined || name === ROOT_SOURCE ? `${flag}, or ${credentials}` : credentials;
  if (
    /authentication failed|could not read Username|terminal prompts disabled|\b40[13]\b|Permission denied \(/i.test(
      said,
    )
  ) {
    const message =
      transport === "ssh"
        ? `the server takes this key for nobody it knows (${orOwn("--git-ssh-key")}); ${said}`
        : `the server wants ${tokenFile === undefined ? "a" : "another"} token (${orOwn("--git-token-file")}); ${said}`;
    return { reason: "credentials", message };
  }
  if (/host identification has changed/i.test(said)) {
    const message = `the server shows another key than the known hosts have (--git-known-hosts), or somebody else answers in its place; ${said}`;
    return { reason: "host-key", message };
  }
  if (/host key verification failed|no .* host key is known/i.test(said)) {
    const message = `the server's key is not in the known hosts (--git-known-hosts); ${said}`;
    return { reason: "host-key", message };
  }
  return { reason: "unreachable", message: said };
}
