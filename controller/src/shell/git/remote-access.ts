/** How git reaches a remote repository, and what it may use there. */
import type { Remote } from "../../git/remote.ts";
import type { GitOptions } from "./git.ts";
import { checkKey, checkKnownHosts, readToken } from "./secret-files.ts";

export type RemoteAccess = {
  readonly remote: Remote;
  /** File with a token (https), read at each fetch so that it can be replaced. */
  readonly tokenFile?: string;
  /** File with a private key, and one with the hosts that are known (ssh). */
  readonly sshKey?: string;
  readonly knownHosts?: string;
};

/** What a fetch may use: one protocol, no redirect to elsewhere, and the secrets in its environment, which `ps` shows to nobody else. Throws SecretError. */
export async function accessTo({
  remote,
  tokenFile,
  sshKey,
  knownHosts,
}: RemoteAccess): Promise<Pick<NonNullable<GitOptions["network"]>, "settings" | "environment">> {
  const settings = [
    `protocol.${remote.transport}.allow=always`,
    "http.followRedirects=false",
    "credential.helper=",
    "transfer.fsckObjects=true",
    "fetch.unpackLimit=1",
    "remote.origin.promisor=false",
    // Also of a fetch whose controller was killed.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
  ];
  const environment: Record<string, string> = { GIT_ALLOW_PROTOCOL: remote.transport };
  if (remote.transport === "ssh") {
    if (sshKey !== undefined) await checkKey(sshKey);
    if (knownHosts !== undefined) await checkKnownHosts(knownHosts);
    environment["GIT_SSH_COMMAND"] = sshCommand(sshKey, knownHosts);
    environment["GIT_SSH_VARIANT"] = "ssh";
  } else if (tokenFile !== undefined) {
    const token = await readToken(tokenFile);
    const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
    Object.assign(environment, {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `http.${remote.url}.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    });
  }
  return { settings, environment };
}

/** ssh with nothing of the user's own: one key, known hosts only, no question asked. */
function sshCommand(key: string | undefined, knownHosts: string | undefined): string {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "IdentityAgent=none",
    "IdentitiesOnly=yes",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${quote(knownHosts)}`, "GlobalKnownHostsFile=/dev/null"]),
  ];
  return [
    "ssh -F /dev/null",
    ...options.map((option) => `-o ${option}`),
    ...(key === undefined ? [] : [`-i ${quote(key)}`]),
  ].join(" ");
}

/** For the shell that git runs the command with. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
