import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkKey, checkKnownHosts, readToken } from "./secret-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-secret-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keygen = (name: string, passphrase: string, ...more: readonly string[]): string => {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-N", passphrase, "-C", "", "-f", file, ...more]);
  return file;
};

test("a private key that ssh takes is taken, of each form that ssh-keygen writes", async () => {
  await checkKey(keygen("ed25519", "", "-t", "ed25519"));
  await checkKey(keygen("rsa", "", "-t", "rsa", "-m", "PEM"));
  await checkKey(keygen("pkcs8", "", "-t", "ecdsa", "-m", "PKCS8"));
});

const KEYS: Record<string, readonly [file: () => string, why: RegExp]> = {
  "that is not there": [() => join(folder, "none"), /^the key file .*none cannot be read: there is none$/],
  "that others may read": [
    () => {
      const file = keygen("open", "", "-t", "ed25519");
      chmodSync(file, 0o644);
      return file;
    },
    /^the key file .*open may be read by others \(mode 644\), and ssh refuses such a one: chmod 600$/,
  ],
  "that is the public one": [
    () => `${keygen("pair", "", "-t", "ed25519")}.pub`,
    /^the key file .*pair\.pub holds no private key$/,
  ],
  "with a passphrase": [() => keygen("asked", "secret", "-t", "ed25519"), /asked is protected by a passphrase/],
  "with a passphrase, as PEM": [
    () => keygen("pem", "secret", "-t", "rsa", "-m", "PEM"),
    /pem is protected by a passphrase/,
  ],
};

for (const [what, [file, why]] of Object.entries(KEYS)) {
  test(`a key ${what} is named, with what is wrong`, async () => {
    await expect(checkKey(file())).rejects.toMatchObject({
      reason: "credentials",
      message: expect.stringMatching(why),
    });
  });
}

test("a file of known hosts that is not there is none that is empty", async () => {
  const file = join(folder, "known_hosts");
  await expect(checkKnownHosts(file)).rejects.toMatchObject({
    reason: "host-key",
    message: `the known hosts file ${file} cannot be read: there is none`,
  });
  writeFileSync(file, "");
  await checkKnownHosts(file);
});

test("of a token's file its first line counts, and what is wrong is said without it", async () => {
  const file = join(folder, "token");
  writeFileSync(file, "abc\nmore\n");
  expect(await readToken(file)).toBe("abc");
  writeFileSync(file, "a b\n");
  await expect(readToken(file)).rejects.toThrow(`the token file ${file} holds what is no token`);
});
