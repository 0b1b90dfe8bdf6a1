/**
 * What a proxy joins by: a file that holds a token, the Unix socket of a controller on this host that gives one, or
 * a folder in which a cluster keeps a token of the Pod's ServiceAccount (`token`) beside the mesh's root (`ca.pem`).
 */
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { JoinTokenFile } from "@regomesh/protocol";

const ANSWER_MS = 5000;
const ANSWER_BYTES_MAX = 64 * 1024;

/** `workload`: `namespace/name`. Throws one sentence. */
export async function readJoinToken(path: string, workload: string): Promise<JoinTokenFile> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() === true) return await readProjected(path);
  const isSocket = facts?.isSocket() === true;
  let value: Partial<JoinTokenFile> & { readonly error?: unknown };
  try {
    value = JSON.parse(isSocket ? await askSocket(path, workload) : await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} is no join token file: ${(error as Error).message}`);
  }
  if (isSocket && typeof value.error === "string") throw new Error(`the controller at ${path} refuses: ${value.error}`);
  const { token, spiffeId, caPem } = value;
  if (typeof token !== "string" || typeof spiffeId !== "string" || typeof caPem !== "string") {
    throw new Error(`${path} is no join token file: it needs token, spiffeId and caPem`);
  }
  try {
    new X509Certificate(caPem);
  } catch {
    throw new Error(`${path} is no join token file: its caPem is no certificate`);
  }
  return { token, spiffeId, caPem };
}

/** Renewed by the cluster: what is read is what is good now. */
async function readProjected(folder: string): Promise<JoinTokenFile> {
  const [token, caPem] = await Promise.all(
    ["token", "ca.pem"].map(async (name) => {
      const text = await readFile(join(folder, name), "utf8").catch((error: Error) => {
        throw new Error(`${folder} is no folder of a cluster's token: ${error.message}`);
      });
      return text.trim();
    }),
  );
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subjectOf(token ?? "")) ?? [];
  if (token === undefined || namespace === undefined)
    throw new Error(`${folder}/token is no token of a ServiceAccount`);
  const trustDomain = trustDomainOf(caPem ?? "");
  if (caPem === undefined || trustDomain === undefined) throw new Error(`${folder}/ca.pem is no root of a mesh`);
  return { token, spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`, caPem };
}

/** What the token says that it is; whether that is so, the controller asks the cluster. */
function subjectOf(token: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      sub?: unknown;
    };
    return String(claims.sub);
  } catch {
    return "";
  }
}

function trustDomainOf(caPem: string): string | undefined {
  try {
    const { subjectAltName = "" } = new X509Certificate(caPem);
    return /URI:spiffe:\/\/([^/,\s]+)/.exec(subjectAltName)?.[1];
  } catch {
    return undefined;
  }
}

/** Who asks is seen by the controller's kernel: the line says as which workload. */
function askSocket(path: string, workload: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(path);
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("no answer")));
    socket.on("error", fail);
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_BYTES_MAX) socket.destroy(new Error("the answer is too long"));
    });
    socket.on("end", () => done(text));
    socket.write(`${JSON.stringify({ workload })}\n`);
  });
}
