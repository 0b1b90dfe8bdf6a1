/**
 * Signatures of commits and tags, checked by the user's git with the keys that are given and no
 * other: SSH's by a file of allowed signers, OpenPGP's by a keyring that is made for the check and
 * goes with it.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verify } from "../../git/followed.ts";
import { GitError, runGit } from "./git.ts";

const TIMEOUT_MS = 20_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
const PGP = /^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----/;

/** Undefined where one of the keys has signed it; otherwise why it does not count, in one sentence. */
export async function whyUnverified(
  gitDir: string,
  { hash, tag }: { readonly hash: string; readonly tag: string | undefined },
  { keys, what }: Verify,
): Promise<string | undefined> {
  const object = what === "tag" && tag !== undefined ? `refs/tags/${tag}` : hash;
  const shown = what === "tag" && tag !== undefined ? `tag ${tag}` : `commit ${hash.slice(0, 7)}`;
  const scratch = await mkdtemp(join(tmpdir(), "regomesh-verify-"));
  try {
    const type = (await run(gitDir, ["cat-file", "-t", object])).toString().trim();
    if (what === "tag" && type !== "tag") return `${shown} is no signed tag`;
    const raw = (await run(gitDir, ["cat-file", type, object])).toString("latin1");
    // A signature counts for the name that was signed: under another one an old release would pass for a new one.
    if (type === "tag" && tag !== undefined && nameOf(raw) !== tag) return `${shown} was signed as another tag`;
    const isSsh = raw.includes("-----BEGIN SSH SIGNATURE-----");
    if (!isSsh && !raw.includes("-----BEGIN PGP SIGNATURE-----")) return `${shown} is not signed`;
    const own = keys.filter((key) => PGP.test(key) !== isSsh);
    if (own.length === 0) return `${shown} is signed by ${isSsh ? "SSH" : "OpenPGP"}, of which verify.keys has no key`;
    const access = isSsh ? await makeSigners(scratch, own) : await makeKeyring(scratch, own);
    const args = [...access.settings, type === "tag" ? "verify-tag" : "verify-commit", "--", object];
    const { environment } = access;
    await runGit({ gitDir, args, bytesMax: OUTPUT_BYTES_MAX, timeoutMs: TIMEOUT_MS, environment });
    return undefined;
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== "git_failed") throw error;
    return `${shown} is signed by no key of verify.keys`;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of a tag object, the name in its head; text is as latin1, which names of tags are within. */
function nameOf(raw: string): string | undefined {
  return /^tag (.*)$/m.exec(raw.slice(0, raw.indexOf("\n\n")))?.[1];
}

type Access = { readonly settings: readonly string[]; readonly environment: Readonly<Record<string, string>> };

/** Whoever of them has signed: the name that a signature claims is not looked at. */
async function makeSigners(scratch: string, keys: readonly string[]): Promise<Access> {
  const file = join(scratch, "signers");
  const lines = keys.map((key) => {
    const [type = "", base64 = ""] = key.trim().split(/\s+/);
    return `* namespaces="git" ${type} ${base64}\n`;
  });
  await writeFile(file, lines.join(""), { mode: 0o600 });
  return { settings: ["-c", `gpg.ssh.allowedSignersFile=${file}`], environment: {} };
}

async function makeKeyring(scratch: string, keys: readonly string[]): Promise<Access> {
  const environment = { GNUPGHOME: scratch };
  await writeFile(join(scratch, "gpg.conf"), "no-autostart\ntrust-model always\n", { mode: 0o600 });
  for (const key of keys) await importKey(scratch, key);
  return { settings: [], environment };
}

function importKey(home: string, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("gpg", ["--homedir", home, "--batch", "--no-tty", "--quiet", "--import"], {
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C" },
      stdio: ["pipe", "ignore", "ignore"],
      timeout: TIMEOUT_MS,
    });
    child.once("error", () =>
      reject(new GitError("git_missing", "gpg is not on the PATH, and verify.keys has its keys")),
    );
    // A key that cannot be read is no key: then nothing is signed by it.
    child.once("close", () => resolve());
    child.stdin.on("error", () => {});
    child.stdin.end(key);
  });
}

async function run(gitDir: string, args: readonly string[]): Promise<Buffer> {
  return await runGit({ gitDir, args, bytesMax: OUTPUT_BYTES_MAX });
}
