/**
 * An identity as three files, by spiffe-helper's names: svid.pem (leaf first),
 * svid_key.pem, svid_bundle.pem.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readCertificate } from "../../identity/certificate-facts.ts";
import { parseSpiffeId } from "../../identity/spiffe-id.ts";
import type { Identity } from "../net/tls.ts";

export class IdentityError extends Error {
  readonly code = "identity";
}

/** Throws IdentityError, which names the file, where the folder holds no identity. */
export async function readIdentityFolder(folder: string): Promise<Identity> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), "utf8");
    } catch (error) {
      throw new IdentityError(`${join(folder, name)} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
  };
  return makeIdentity(await read("svid_key.pem"), await read("svid.pem"), await read("svid_bundle.pem"), folder);
}

/** Checks that key and certificate belong together and name a SPIFFE ID; `where` for the error. */
export function makeIdentity(keyPem: string, chainPem: string, bundlePem: string, where: string): Identity {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(chainPem);
    if (!leaf.checkPrivateKey(createPrivateKey(keyPem))) throw new Error("the key is another certificate's");
    new X509Certificate(bundlePem);
  } catch (error) {
    throw new IdentityError(`${where} holds no usable identity: ${(error as Error).message}`);
  }
  const facts = readCertificate(leaf.raw);
  const [uri] = facts?.uris ?? [];
  const id = uri === undefined ? undefined : parseSpiffeId(uri);
  if (facts === undefined || uri === undefined || id === undefined || facts.uris.length !== 1) {
    throw new IdentityError(`${where}: the certificate names no single SPIFFE ID`);
  }
  return { spiffeId: uri, trustDomain: id.trustDomain, keyPem, chainPem, bundlePem, notAfterMs: facts.notAfterMs };
}
