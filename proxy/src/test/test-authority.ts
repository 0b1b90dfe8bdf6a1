/** A certificate authority for tests: makes real certificates, right ones and wrong ones. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { makeIdentity } from "../shell/control/identity-folder.ts";
import type { Identity } from "../shell/net/tls.ts";

const HOUR_MS = 3_600_000;
const SEQUENCE = 0x30;
const ECDSA_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");
const OID = {
  commonName: "0603550403",
  subjectAltName: "0603551d11",
  keyUsage: "0603551d0f",
  basicConstraints: "0603551d13",
  extendedKeyUsage: "0603551d25",
  serverAuth: "06082b06010505070301",
  clientAuth: "06082b06010505070302",
} as const;

export type LeafOptions = {
  /** Without these and DNS names there is no subjectAltName at all: a common name alone. */
  readonly uris: readonly string[];
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
};

export class TestAuthority {
  readonly bundlePem: string;
  readonly #key: KeyObject;
  readonly #name: string;
  #serial = 1;

  constructor(name: string) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = privateKey;
    this.#name = name;
    this.bundlePem = this.#certificate(publicKey, name, { uris: [`spiffe://${name}`] }, true);
  }

  /** Key and certificate of a workload; by default as an SVID should be. */
  issue(options: LeafOptions): { readonly keyPem: string; readonly chainPem: string } {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const keyPem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    return { keyPem, chainPem: this.#certificate(publicKey, options.commonName ?? "workload", options, false) };
  }

  /** A certificate for a key that somebody else holds, in SubjectPublicKeyInfo. */
  certify(publicKeyDer: Buffer, options: LeafOptions): string {
    const key = createPublicKey({ key: publicKeyDer, type: "spki", format: "der" });
    return this.#certificate(key, "workload", options, false);
  }

  identity(spiffeId: string, options: Partial<LeafOptions> = {}): Identity {
    const { keyPem, chainPem } = this.issue({ uris: [spiffeId], ...options });
    return makeIdentity(keyPem, chainPem, this.bundlePem, "test");
  }

  #certificate(publicKey: KeyObject, subject: string, options: LeafOptions, isCa: boolean): string {
    const nowMs = Date.now();
    const names = [
      ...options.uris.map((uri) => tlv(0x86, Buffer.from(uri))),
      ...(options.dnsNames ?? []).map((name) => tlv(0x82, Buffer.from(name))),
    ];
    const extensions = [
      ...(names.length === 0 ? [] : [extension(OID.subjectAltName, tlv(SEQUENCE, ...names))]),
      extension(OID.basicConstraints, isCa ? Buffer.from("30030101ff", "hex") : Buffer.from("3000", "hex")),
      extension(OID.keyUsage, Buffer.from(isCa ? "03020106" : "03020780", "hex")),
      ...(isCa ? [] : [extension(OID.extendedKeyUsage, tlv(SEQUENCE, hex(OID.serverAuth), hex(OID.clientAuth)))]),
    ];
    const body = tlv(
      SEQUENCE,
      Buffer.from("a003020102", "hex"),
      tlv(0x02, Buffer.of(this.#serial++)),
      ECDSA_SHA256,
      nameOf(this.#name),
      tlv(SEQUENCE, timeOf(options.notBeforeMs ?? nowMs - HOUR_MS), timeOf(options.notAfterMs ?? nowMs + HOUR_MS)),
      nameOf(subject),
      publicKey.export({ type: "spki", format: "der" }),
      tlv(0xa3, tlv(SEQUENCE, ...extensions)),
    );
    const signature = tlv(0x03, Buffer.of(0), sign("sha256", body, this.#key));
    return toPem(tlv(SEQUENCE, body, ECDSA_SHA256, signature));
  }
}

/** A signature as the controller makes it over a snapshot's body. */
export function signBody(body: Uint8Array, keyPem: string): Buffer {
  return sign("sha256", body, { key: createPrivateKey(keyPem), dsaEncoding: "ieee-p1363" });
}

function extension(oid: string, value: Buffer): Buffer {
  return tlv(SEQUENCE, hex(oid), tlv(0x04, value));
}

function nameOf(commonName: string): Buffer {
  return tlv(SEQUENCE, tlv(0x31, tlv(SEQUENCE, hex(OID.commonName), tlv(0x0c, Buffer.from(commonName)))));
}

function timeOf(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tlv(0x18, Buffer.from(text));
}

function toPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  if (value.length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, value.length), value]);
  return Buffer.concat([Buffer.of(tag, 0x82, value.length >> 8, value.length & 0xff), value]);
}
