/** What a proxy joins by: a file that holds a token, or the Unix socket of a controller on this host that gives one. */
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import type { JoinTokenFile } from "@regomesh/protocol";

const ANSWER_MS = 5000;
const ANSWER_BYTES_MAX = 64 * 1024;

/** `workload`: `namespace/name`. Throws one sentence. */
export async function readJoinToken(path: string, workload: string): Promise<JoinTokenFile> {
  const isSocket = await stat(path).then(
    (facts) => facts.isSocket(),
    () => false,
  );
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
