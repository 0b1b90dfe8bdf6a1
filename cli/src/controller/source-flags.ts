/** The repositories that a controller reads, as its flags name them: the mesh's own, others, and what they are reached with. */
import { resolve } from "node:path";
import { parseDuration } from "@regomesh/base";
import {
  type ControllerOptions,
  credentialFor,
  FETCH_EVERY_MS,
  parsePlace,
  parsePrefix,
  ROOT_SOURCE,
} from "@regomesh/controller";
import { UsageError } from "../command.ts";

/** No remote is asked more often. */
const FETCH_LEAST_MS = 1000;

type RemoteFlags = {
  readonly "git-token-file"?: string | undefined;
  readonly "git-ssh-key"?: string | undefined;
  readonly "git-known-hosts"?: string | undefined;
  readonly "git-interval"?: string | undefined;
};

/** A directory of this machine, or a remote and what it is reached with: its own flag, or else a credential of its address. */
export function parseRepository(
  text: string,
  flags: RemoteFlags,
  credentials: NonNullable<ControllerOptions["credentials"]>,
  cwd: string,
): Pick<ControllerOptions, "git" | "remote"> {
  const place = parsePlace(text);
  const isForSources = (name: string) => /interval|known/.test(name);
  const all = (Object.keys(flags) as (keyof RemoteFlags)[]).filter(
    (name) => name.startsWith("git-") && flags[name] !== undefined,
  );
  const given = all.filter((name) => place.kind !== "directory" || !isForSources(name));
  // An address may hold a password: it is not repeated.
  if (place.kind === "fault") throw new UsageError(`--git: ${place.reason}`);
  if (place.kind === "directory") {
    if (given.length > 0) throw new UsageError(`--${given[0]} is for an address, and --git names a directory`);
    return { git: resolve(cwd, place.path) };
  }
  const isSsh = place.remote.transport === "ssh";
  const [wrong] = given.filter((name) => (isSsh ? name === "git-token-file" : /ssh/.test(name)));
  if (wrong !== undefined) throw new UsageError(`--${wrong} is not for ${isSsh ? "ssh" : "https"} addresses`);
  const file = (name: keyof RemoteFlags) => (flags[name] === undefined ? undefined : resolve(cwd, flags[name]));
  const secret = file("git-token-file") ?? file("git-ssh-key") ?? credentialFor(place.remote.url, credentials);
  const knownHosts = file("git-known-hosts");
  return {
    git: place.remote.url,
    remote: {
      remote: place.remote,
      ...(secret === undefined ? {} : isSsh ? { sshKey: secret } : { tokenFile: secret }),
      ...(knownHosts === undefined ? {} : { knownHosts }),
      everyMs: parseInterval(flags["git-interval"]),
    },
  };
}

function parseInterval(text: string | undefined): number {
  const ms = text === undefined ? FETCH_EVERY_MS : parseDuration(text);
  if (ms === undefined || ms < FETCH_LEAST_MS || ms > 86_400_000)
    throw new UsageError(`--git-interval takes a duration from 1s to 24h, not ${text}`);
  return ms;
}

type SourceFlags = {
  readonly source?: readonly string[];
  readonly "source-branch"?: readonly string[];
  readonly "source-path"?: readonly string[];
  readonly "git-interval"?: string | undefined;
  readonly "git-known-hosts"?: string | undefined;
  readonly credentials: NonNullable<ControllerOptions["credentials"]>;
  readonly allows: ReadonlyMap<string, NonNullable<ControllerOptions["allow"]>>;
};

/** The sources beside the mesh's own, each with a name, a place, and what it may speak for. */
export function parseSources(flags: SourceFlags, cwd: string): NonNullable<ControllerOptions["sources"]> {
  const named = (flags.source ?? []).map((text) => splitNamed(text, "--source", "NAME=DIR|URL"));
  const branches = new Map(
    (flags["source-branch"] ?? []).map((text) => splitNamed(text, "--source-branch", "NAME=BRANCH")),
  );
  const paths = new Map((flags["source-path"] ?? []).map((text) => splitNamed(text, "--source-path", "NAME=DIR")));
  const names = named.map(([name]) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`--source names ${twice} twice`);
  const stray = [...branches.keys(), ...paths.keys()].find((name) => !names.includes(name));
  if (stray !== undefined) throw new UsageError(`there is no --source ${stray}`);
  return named.map(([name, text]) => {
    if (name === ROOT_SOURCE) throw new UsageError(`--source ${ROOT_SOURCE}: that is the name of what --git names`);
    const allow = flags.allows.get(name) ?? [];
    if (allow.length === 0)
      throw new UsageError(
        `--source ${name} may speak for no namespace: give it some, as by --allow ${name}:.=${name}`,
      );
    const place = parsePlace(text);
    if (place.kind === "fault") throw new UsageError(`--source ${name}: ${place.reason}`);
    const base = {
      name,
      allow,
      follow: { kind: "branch" as const, name: branches.get(name) ?? "main" },
      path: parsePath(paths.get(name) ?? "", "--source-path"),
      isSuspended: false,
    };
    if (place.kind === "directory") return { ...base, directory: resolve(cwd, place.path) };
    const { remote } = place;
    const file = credentialFor(remote.url, flags.credentials);
    const known = flags["git-known-hosts"];
    const isSsh = remote.transport === "ssh";
    return {
      ...base,
      remote: {
        remote,
        everyMs: parseInterval(flags["git-interval"]),
        ...(file === undefined ? {} : isSsh ? { sshKey: file } : { tokenFile: file }),
        ...(isSsh && known !== undefined ? { knownHosts: resolve(cwd, known) } : {}),
      },
    };
  });
}

function splitNamed(text: string, flag: string, form: string): readonly [name: string, value: string] {
  const [, name, value] = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)=(.+)$/.exec(text) ?? [];
  // An address may hold a password: it is not repeated.
  if (name === undefined || value === undefined) throw new UsageError(`${flag} takes ${form}, NAME a DNS label`);
  return [name, value];
}

export function parseCredential(text: string, cwd: string): NonNullable<ControllerOptions["credentials"]>[number] {
  const at = text.lastIndexOf("=");
  const prefix = parsePrefix(text.slice(0, Math.max(0, at)));
  if (at === text.length - 1 || prefix === undefined)
    throw new UsageError("--credentials takes URL=FILE such as https://git.example.org/shop=shop.token");
  return { prefix, file: resolve(cwd, text.slice(at + 1)) };
}

/** A directory inside the repository, without the slashes and dots that mean the same. */
export function parsePath(text: string, flag: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (text.startsWith("/") || parts.includes("..")) {
    throw new UsageError(`${flag} takes a directory of the repository, not ${text}`);
  }
  return parts.join("/");
}
