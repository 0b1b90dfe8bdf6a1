/**
 * A real API server on loopback, with etcd behind it: no kubelet, no scheduler, no controllers. Who needs
 * nodes or pods makes them. Both processes and their folder end with it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@regomesh/cli";

export type ApiServer = {
  readonly url: string;
  /** Of an admin: what kubectl and the controller are given. */
  readonly kubeconfig: string;
  readonly folder: string;
  readonly etcdUrl: string;
  /** Of the API server's own certificate. */
  readonly caPem: string;
  readonly token: string;
  /** Writes a kubeconfig for another user of `users`. */
  kubeconfigOf(user: string): string;
  /** Ends the API server's process at once, as a crash does; etcd goes on. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Stops the process where it stands: connections stay and say nothing. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

export type ApiServerOptions = {
  readonly apiServer: string;
  readonly etcd: string;
  /** Users with a token each, beside the admin, and their groups. */
  readonly users?: readonly { readonly name: string; readonly groups?: readonly string[] }[];
};

const READY_WITHIN_MS = 240_000;
const LOOK_EVERY_MS = 200;
const ADMIN = "admin";

/** Throws with the end of its log where it does not come up. */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-apiserver-"));
  const tokens = new Map(
    [ADMIN, ...(options.users ?? []).map(({ name }) => name)].map((name) => [name, randomBytes(16).toString("hex")]),
  );
  const [etcdPort, peerPort, port] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  writeFileSync(
    join(folder, "tokens.csv"),
    [...tokens].map(([name, token]) => `${token},${name},${name},"${groupsOf(name, options)}"\n`).join(""),
  );
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  writeFileSync(join(folder, "sa.key"), privateKey, { mode: 0o600 });
  writeFileSync(join(folder, "sa.pub"), publicKey);
  const etcd = run(options.etcd, folder, "etcd", [
    ...["--data-dir", join(folder, "etcd"), "--listen-client-urls", etcdUrl, "--advertise-client-urls", etcdUrl],
    ...["--listen-peer-urls", `http://127.0.0.1:${peerPort}`, "--unsafe-no-fsync"],
  ]);
  const args = [
    ...["--etcd-servers", etcdUrl, "--secure-port", String(port), "--bind-address", "127.0.0.1"],
    ...["--cert-dir", join(folder, "certs"), "--service-account-issuer", "https://kubernetes.default.svc"],
    ...[
      "--service-account-key-file",
      join(folder, "sa.pub"),
      "--service-account-signing-key-file",
      join(folder, "sa.key"),
    ],
    ...["--token-auth-file", join(folder, "tokens.csv"), "--authorization-mode", "RBAC"],
    ...["--service-cluster-ip-range", "10.0.0.0/16", "--disable-admission-plugins", "ServiceAccount"],
    // Loopback is no address that a cluster has; nobody is told of this one.
    ...["--advertise-address", "192.0.2.1", "--endpoint-reconciler-type", "none", "--event-ttl", "5m"],
  ];
  let server: ChildProcess | undefined;
  const caFile = join(folder, "certs/apiserver.crt");
  const start = async () => {
    server = run(options.apiServer, folder, "apiserver", args);
    await untilReady(`${url}/readyz`, tokens.get(ADMIN) ?? "", server, folder);
  };
  const kill = async () => await end(server, "SIGKILL");
  const close = async () => {
    await end(server, "SIGKILL");
    await end(etcd, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  const kubeconfigOf = (user: string) => {
    const file = join(folder, `${user}.kubeconfig`);
    writeFileSync(file, toKubeconfig(url, caFile, user, tokens.get(user) ?? ""), { mode: 0o600 });
    return file;
  };
  return {
    url,
    folder,
    etcdUrl,
    kubeconfig: kubeconfigOf(ADMIN),
    caPem: readFileSync(caFile, "utf8"),
    token: tokens.get(ADMIN) ?? "",
    kubeconfigOf,
    kill,
    start,
    pause: () => void server?.kill("SIGSTOP"),
    resume: () => void server?.kill("SIGCONT"),
    close,
  };
}

function groupsOf(name: string, { users = [] }: ApiServerOptions): string {
  if (name === ADMIN) return "system:masters";
  return (users.find((each) => each.name === name)?.groups ?? []).join(",");
}

function run(program: string, folder: string, name: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), "a");
  return spawn(program, args, { stdio: ["ignore", log, log] });
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function untilReady(url: string, token: string, server: ChildProcess, folder: string): Promise<void> {
  const sinceMs = performance.now();
  while (server.exitCode === null && performance.now() - sinceMs < READY_WITHIN_MS) {
    if ((await statusOf(url, token)) === 200) return;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  const log = readFileSync(join(folder, "apiserver.log"), "utf8").split("\n").slice(-8).join("\n");
  throw new Error(`the API server does not come up within ${READY_WITHIN_MS / 1000} s:\n${log}`);
}

/** Whose certificate that is, is not looked at: it is made by the process that was started for this port. */
async function statusOf(url: string, token: string): Promise<number | undefined> {
  return await new Promise((done) => {
    const asked = request(
      url,
      { rejectUnauthorized: false, headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        answer.resume();
        done(answer.statusCode);
      },
    );
    asked.on("error", () => done(undefined));
    asked.end();
  });
}

function toKubeconfig(url: string, caFile: string, user: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server: url, "certificate-authority": caFile } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user } }],
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** kubectl, with what it says on both streams. */
export function kubectl(
  server: Pick<ApiServer, "kubeconfig">,
  args: readonly string[],
  input?: string,
): { readonly code: number; readonly out: string } {
  try {
    const out = execFileSync("kubectl", ["--kubeconfig", server.kubeconfig, ...args], {
      encoding: "utf8",
      ...(input === undefined ? {} : { input }),
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, out };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { code: status ?? 1, out: `${stdout}${stderr}` };
  }
}
