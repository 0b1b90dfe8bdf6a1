/**
 * Where kube-apiserver, etcd and kubectl are. The API server is built from its Go module, outside the
 * project, once for a version: about six minutes on two cores.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const KUBERNETES_VERSION = "1.37.2";
const STAGING_VERSION = "v0.37.2";

export type KubernetesPeers = { readonly apiServer: string; readonly etcd: string };

/** A folder in which an API server stands, or is built: `$REGOMESH_PEERS`, or the user's cache. */
function peersFolder(): string {
  const { REGOMESH_PEERS: peers, XDG_CACHE_HOME: cache } = process.env;
  return peers ?? join(cache ?? join(homedir(), ".cache"), "regomesh/peers");
}

/** Throws with one sentence that says what is missing. `say` hears of a build, which takes its time. */
export function findKubernetes(say: (line: string) => void): KubernetesPeers {
  const missing = ["etcd", "kubectl"].filter((name) => !isThere(name));
  if (missing.length > 0)
    throw new Error(`needs ${missing.join(" and ")} on the PATH (Debian: etcd-server, kubernetes-client)`);
  const folder = peersFolder();
  const apiServer = join(folder, "bin/kube-apiserver");
  if (!existsSync(apiServer)) {
    if (!isThere("go")) throw new Error(`needs go to build kube-apiserver, or a binary at ${apiServer}`);
    say(`building kube-apiserver ${KUBERNETES_VERSION} in ${folder}: some minutes, once`);
    buildApiServer(folder, apiServer);
  }
  return { apiServer, etcd: "etcd" };
}

/** Its go.mod asks for staging modules at a version that nobody serves: each is named by the one of its release. */
function buildApiServer(folder: string, binary: string): void {
  const place = join(folder, "apiserver");
  mkdirSync(place, { recursive: true });
  const go = (args: readonly string[], cwd = place) =>
    execFileSync("go", args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
  const facts = JSON.parse(go(["mod", "download", "-json", `k8s.io/kubernetes@v${KUBERNETES_VERSION}`], folder)) as {
    readonly GoMod: string;
  };
  const staging = [...readFileSync(facts.GoMod, "utf8").matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging/gm)];
  const lines = [
    "module apiserver",
    "go 1.26.0",
    `require k8s.io/kubernetes v${KUBERNETES_VERSION}`,
    ...staging.map(([, name]) => `replace ${name} => ${name} ${STAGING_VERSION}`),
  ];
  writeFileSync(join(place, "go.mod"), `${lines.join("\n")}\n`);
  writeFileSync(join(place, "tools.go"), 'package apiserver\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver/app"\n');
  go(["mod", "tidy"]);
  const version = `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`;
  go(["build", "-ldflags", version, "-o", binary, "k8s.io/kubernetes/cmd/kube-apiserver"]);
}

function isThere(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
