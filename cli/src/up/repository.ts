/**
 * The demo's git repository, `.regomesh/repo`: made once from `policies/` and
 * `examples/`, afterwards the user's. A second start keeps every commit.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Repository = { readonly dir: string; readonly isNew: boolean };

/** Opens the repository, making it if there is none; throws one clear sentence where git is missing. */
export async function openRepository(dir: string, from: string): Promise<Repository> {
  if (await exists(join(dir, ".git"))) return { dir, isNew: false };
  await mkdir(dir, { recursive: true });
  for (const folder of ["policies", "examples/authz", "examples/mesh"]) {
    await cp(join(from, folder), join(dir, folder), { recursive: true });
  }
  await git(dir, ["init", "--quiet", "--initial-branch=main"]);
  await git(dir, ["config", "user.name", "Regomesh Demo"]);
  await git(dir, ["config", "user.email", "demo@regomesh.local"]);
  await git(dir, ["config", "commit.gpgsign", "false"]);
  await git(dir, ["add", "."]);
  await git(dir, ["commit", "--quiet", "-m", "The mesh as it starts"]);
  return { dir, isNew: true };
}

async function git(dir: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run("git", ["-C", dir, ...args], { env: gitEnvironment() });
    return stdout.trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT")
      throw new Error("git is not on the PATH: Regomesh reads policies from a git repository");
    throw new Error(
      `git ${args[0]} failed in ${dir}: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`,
    );
  }
}

/** Nothing of an outer repository (a hook's GIT_DIR, say) may leak in. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith("GIT_")) delete env[name];
  return env;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
