/** An authority and two certificates of it, for tests. */
import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

export type Issued = { readonly cert: string; readonly key: string };
export type Authority = { readonly ca: string; issue(name: string, altNames: readonly object[]): Issued };

const DAY_MS = 86_400_000;

export function makeAuthority(nowMs: number): Authority {
  const own = makeKeys();
  const subject = [{ name: "commonName", value: "Test authority" }];
  const sign = (certificate: forge.pki.Certificate) => {
    certificate.sign(own.privateKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  };
  const start = (name: string, serial: string) => {
    const certificate = forge.pki.createCertificate();
    certificate.serialNumber = serial;
    certificate.validity.notBefore = new Date(nowMs - DAY_MS);
    certificate.validity.notAfter = new Date(nowMs + DAY_MS);
    certificate.setSubject([{ name: "commonName", value: name }]);
    certificate.setIssuer(subject);
    return certificate;
  };
  const root = start("Test authority", "01");
  root.publicKey = own.publicKey;
  root.setExtensions([
    { name: "basicConstraints", cA: true },
    { name: "keyUsage", keyCertSign: true },
  ]);
  let serial = 1;
  return {
    ca: sign(root),
    issue: (name, altNames) => {
      const keys = makeKeys();
      const certificate = start(name, `0${++serial}`);
      certificate.publicKey = keys.publicKey;
      certificate.setExtensions([{ name: "subjectAltName", altNames: [...altNames] }]);
      return { cert: sign(certificate), key: forge.pki.privateKeyToPem(keys.privateKey) };
    },
  };
}

function makeKeys() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey: forge.pki.privateKeyFromPem(privateKey), publicKey: forge.pki.publicKeyFromPem(publicKey) };
}
