/**
 * The files by which a remote knows us: a token, a key of ssh, the hosts that are known. They are looked at before each
 * fetch, so that what is wrong with one is said in words: ssh itself says it in a frame, or not at all.
 */
import { readFile, stat } from "node:fs/promises";
import { diskReason } from "@regomesh/base";

/** A token is some hundred bytes, and a key of 16,384 bits some 13,000. */
const SECRET_BYTES_MAX = 16_384;
/** OpenSSH's own form of keys (PROTOCOL.key): this, then the name of the cipher that protects it. */
const MAGIC = "openssh-key-v1\0";
const OTHERS = 0o077;

/** A secret that cannot be used, in one sentence that names its file. */
export class SecretError extends Error {
  readonly reason: "credentials" | "host-key";

  constructor(reason: "credentials" | "host-key", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The first line of a file; never in a message. Throws SecretError. */
export async function readToken(file: string): Promise<string> {
  const [line = ""] = (await read("credentials", "token", file)).split("\n");
  if (line.trim() === "") throw new SecretError("credentials", `the token file ${file} is empty`);
  if (!/^[\x21-\x7e]+$/.test(line.trim()))
    throw new SecretError("credentials", `the token file ${file} holds what is no token`);
  return line.trim();
}

/** Throws SecretError where ssh would not use a private key without a question, or not at all. */
export async function checkKey(file: string): Promise<void> {
  const text = await read("credentials", "key", file);
  const { mode, uid } = await stat(file);
  const refuse = (why: string): never => {
    throw new SecretError("credentials", `the key file ${file} ${why}`);
  };
  if (!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) refuse("holds no private key");
  if (uid === process.getuid?.() && (mode & OTHERS) !== 0)
    refuse(`may be read by others (mode ${(mode & 0o777).toString(8)}), and ssh refuses such a one: chmod 600`);
  if (isProtected(text)) refuse("is protected by a passphrase, and there is nobody to ask for it");
}

/** Throws SecretError where the file of known hosts cannot be read: ssh takes one that is not there for an empty one. */
export async function checkKnownHosts(file: string): Promise<void> {
  await read("host-key", "known hosts", file);
}

async function read(reason: SecretError["reason"], what: string, file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is none" : diskReason(error);
    throw new SecretError(reason, `the ${what} file ${file} cannot be read: ${why}`);
  });
  return text.slice(0, SECRET_BYTES_MAX);
}

function isProtected(key: string): boolean {
  if (/ENCRYPTED/.test(key)) return true;
  const [, body = ""] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/.exec(key) ?? [];
  const bytes = Buffer.from(body, "base64");
  const at = MAGIC.length + 4;
  if (bytes.length < at || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return false;
  return bytes.toString("latin1", at, at + bytes.readUInt32BE(MAGIC.length)) !== "none";
}
