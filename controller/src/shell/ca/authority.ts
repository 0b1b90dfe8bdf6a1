/**
 * The mesh's certificate authority: one ECDSA P-256 root on disk, SVIDs from CSRs, the
 * controller's own server certificate, and the key that signs snapshots.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { CONTROLLER_SERVER_NAME, controllerId, parseSerial, snapshotSignerId } from "@regomesh/protocol";
import { encodeCertificate, type NameFacts } from "../../ca/certificate.ts";
import { type Csr, decodeCsr, pointOf } from "../../ca/csr.ts";
import { toPem } from "../../ca/der.ts";
import { type Lease, type Reading, readText, writeText } from "../../store/store.ts";
import type { Joining } from "./join-tokens.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Rotation of the root is an operator's act; ten years is what service meshes use. */
const ROOT_TTL_MS = 3650 * DAY_MS;
/** Clocks of machines differ: Istio backdates by two minutes, and so do we. */
export const BACKDATE_MS = 120_000;
/** A proxy may start from a persisted snapshot for a day; its signer lives far longer. */
const SIGNER_TTL_MS = 90 * DAY_MS;
const SERVER_TTL_MS = 30 * DAY_MS;
const SERIAL_BYTES = 16;

export const SVID_TTL_DEFAULT_MS = DAY_MS;

export type Issued = { readonly chainPem: string; readonly notAfterMs: number };

/** What a peer's certificate proves, until then. */
export type Peer = {
  readonly principal: string;
  /** The one workload of that identity, `namespace/name`; undefined in certificates of an earlier version. */
  readonly workload: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** As `parseSerial` gives it. */
  readonly serial: string;
};

export type KeyAndChain = Issued & { readonly keyPem: string; readonly issuedAtMs: number };

/** Half of its time is over: the time to have another. */
export function isHalfOver({ issuedAtMs, notAfterMs }: KeyAndChain, nowMs: number): boolean {
  return nowMs >= (issuedAtMs + notAfterMs) / 2;
}

/** `root_lost`: what is kept of the root is not the whole of it, and a new one would not be this mesh's. */
type AuthorityErrorCode = "trust_domain" | "csr" | "root_lost";

const ROOT_KEY = "ca/root_key.pem";
const ROOT = "ca/root.pem";
/** Written only once there is an authority: where one of these stands, a root was there. */
const AFTER_ROOT = ["controller.json", "ca/join-tokens.json"];
const WAY_OUT = "put it back from a backup, or start with an empty state folder, which every proxy must join anew";

export class AuthorityError extends Error {
  readonly code: AuthorityErrorCode;
  constructor(code: AuthorityErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export class Authority {
  readonly trustDomain: string;
  /** The root, PEM: what peers trust. */
  readonly bundlePem: string;
  readonly #root: X509Certificate;
  readonly #key: KeyObject;
  readonly #keyId: Uint8Array;
  readonly #name: NameFacts;

  private constructor(trustDomain: string, bundlePem: string, key: KeyObject) {
    this.trustDomain = trustDomain;
    this.bundlePem = bundlePem;
    this.#root = new X509Certificate(bundlePem);
    this.#key = key;
    this.#keyId = keyIdOf(createPublicKey(key));
    this.#name = rootName(trustDomain);
  }

  /**
   * Opens the authority of a store, making it there the first time. Throws AuthorityError where
   * it is another trust domain's, or where a part of it is lost: never is a new root made in its place.
   */
  static async open(lease: Lease, trustDomain: string, nowMs: number): Promise<Authority> {
    const pem = await readText(lease, ROOT);
    const keyPem = await readText(lease, ROOT_KEY);
    if (keyPem === undefined) {
      if (pem !== undefined) throw new AuthorityError("root_lost", `the root key ${ROOT_KEY} is lost: ${WAY_OUT}`);
      for (const trace of AFTER_ROOT) {
        if ((await lease.get(trace)) === undefined) continue;
        throw new AuthorityError("root_lost", `the authority (${ROOT_KEY}, ${ROOT}) is lost: ${WAY_OUT}`);
      }
    }
    const key = keyPem === undefined ? makeKey() : readKey(keyPem);
    if (keyPem === undefined) {
      await writeText(lease, ROOT_KEY, String(key.export({ type: "pkcs8", format: "pem" })));
    }
    if (pem !== undefined) return new Authority(trustDomain, checkRoot(pem, key, trustDomain), key);
    // Of the key that is there: what it signs is trusted by whoever trusts the certificate that it had.
    const made = makeRoot(key, trustDomain, nowMs);
    await writeText(lease, ROOT, made, { isPublic: true });
    return new Authority(trustDomain, made, key);
  }

  /** The trust domain of the root that a store keeps: the mesh's, whatever a commit says. Undefined where there is none. */
  static async trustDomainOf(reading: Reading): Promise<string | undefined> {
    const pem = await readText(reading, ROOT);
    return pem === undefined ? undefined : nameOf(readRoot(pem));
  }

  /**
   * An SVID for the key of a CSR that `readCsr` has let through. Versions of a service share one
   * SPIFFE ID: `workload` says in the subject which one this is, for the controller alone.
   */
  issueSvid({ publicKey }: Csr, { spiffeId, workload }: Joining, ttlMs: number, nowMs: number): Issued {
    const facts = { publicKey, uri: spiffeId, use: "workload", ttlMs, nowMs } as const;
    return this.#issue(workload === undefined ? facts : { ...facts, commonName: workload });
  }

  /** The controller's own certificate, under every name by which proxies dial it. */
  issueServer(hosts: readonly string[], nowMs: number): KeyAndChain {
    const addresses = hosts.filter((host) => isIPv4(host) || isIPv6(host)).map(addressBytes);
    const dnsNames = hosts.filter((host) => !isIPv4(host) && !isIPv6(host));
    return this.#issueWithKey({
      uri: controllerId(this.trustDomain),
      use: "workload",
      ttlMs: SERVER_TTL_MS,
      nowMs,
      dnsNames: [CONTROLLER_SERVER_NAME, ...dnsNames],
      addresses,
    });
  }

  issueSnapshotSigner(nowMs: number): KeyAndChain {
    const uri = snapshotSignerId(this.trustDomain);
    return this.#issueWithKey({ uri, use: "snapshots", ttlMs: SIGNER_TTL_MS, nowMs });
  }

  /** Who a peer's certificate proves to be, or undefined: not ours, not valid now, not an SVID. */
  peerOf(certificateDer: Uint8Array, nowMs: number): Peer | undefined {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(certificateDer);
    } catch {
      return undefined;
    }
    if (certificate.ca || !certificate.checkIssued(this.#root) || !certificate.verify(this.#root.publicKey)) {
      return undefined;
    }
    const notAfterMs = certificate.validToDate.getTime();
    const notBeforeMs = certificate.validFromDate.getTime();
    if (nowMs < notBeforeMs || nowMs > notAfterMs) return undefined;
    const serial = parseSerial(certificate.serialNumber) ?? "";
    // Our SVIDs have this one name and no other: the whole text must be it.
    const [, id] = /^URI:(spiffe:\/\/[A-Za-z0-9._/-]+)$/.exec(certificate.subjectAltName ?? "") ?? [];
    return id?.startsWith(`spiffe://${this.trustDomain}/ns/`)
      ? { principal: id, workload: workloadOf(certificate.subject), notBeforeMs, notAfterMs, serial }
      : undefined;
  }

  #issueWithKey(facts: Omit<LeafFacts, "publicKey">): KeyAndChain {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const issued = this.#issue({ ...facts, publicKey: publicKey.export({ type: "spki", format: "der" }) });
    const keyPem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    return { ...issued, keyPem, issuedAtMs: facts.nowMs };
  }

  #issue({ ttlMs, nowMs, commonName = NO_WORKLOAD, ...facts }: LeafFacts): Issued {
    const notAfterMs = Math.min(nowMs + ttlMs, this.#root.validToDate.getTime());
    const der = encodeCertificate(
      {
        ...facts,
        serial: makeSerial(),
        issuer: this.#name,
        subject: { organization: this.#name.organization, commonName },
        notBeforeMs: nowMs - BACKDATE_MS,
        notAfterMs,
        subjectKeyId: sha1(pointOf(facts.publicKey) ?? facts.publicKey),
        issuerKeyId: this.#keyId,
      },
      (bytes) => sign("sha256", bytes, this.#key),
    );
    // Certificates count in whole seconds.
    return { chainPem: toPem("CERTIFICATE", der), notAfterMs: Math.floor(notAfterMs / 1000) * 1000 };
  }
}

/** What the subject says where it names no workload. */
const NO_WORKLOAD = "workload";

/** The workload that a subject names, `CN=namespace/name`. */
function workloadOf(subject: string): string | undefined {
  const [, name] = /^CN=(\S+)$/m.exec(subject) ?? [];
  return name === undefined || name === NO_WORKLOAD ? undefined : name;
}

type LeafFacts = {
  readonly commonName?: string;
  readonly publicKey: Uint8Array;
  readonly uri: string;
  readonly use: "workload" | "snapshots";
  readonly ttlMs: number;
  readonly nowMs: number;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly Uint8Array[];
};

function makeKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new AuthorityError("root_lost", `the root key ${ROOT_KEY} is damaged: ${WAY_OUT}`);
  }
}

/** The certificate, if it is that key's and that trust domain's. */
function checkRoot(pem: string, key: KeyObject, trustDomain: string): string {
  const root = readRoot(pem);
  if (!root.checkPrivateKey(key)) {
    throw new AuthorityError("root_lost", `${ROOT_KEY} is not the key of ${ROOT}: ${WAY_OUT}`);
  }
  const other = nameOf(root);
  if (other !== trustDomain) {
    throw new AuthorityError("trust_domain", `the authority is of trust domain ${other}, not ${trustDomain}`);
  }
  return pem;
}

function readRoot(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new AuthorityError("root_lost", `the root certificate ${ROOT} is damaged: ${WAY_OUT}`);
  }
}

/** The trust domain in a root's one name. */
function nameOf(root: X509Certificate): string {
  return /^URI:spiffe:\/\/([a-z0-9._-]+)$/.exec(root.subjectAltName ?? "")?.[1] ?? "nothing";
}

function makeRoot(key: KeyObject, trustDomain: string, nowMs: number): string {
  const publicKey = createPublicKey(key);
  const der = encodeCertificate(
    {
      serial: makeSerial(),
      issuer: rootName(trustDomain),
      subject: rootName(trustDomain),
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs: nowMs + ROOT_TTL_MS,
      publicKey: publicKey.export({ type: "spki", format: "der" }),
      uri: `spiffe://${trustDomain}`,
      use: "root",
      subjectKeyId: keyIdOf(publicKey),
      issuerKeyId: keyIdOf(publicKey),
    },
    (bytes) => sign("sha256", bytes, key),
  );
  return toPem("CERTIFICATE", der);
}

/** Says while it runs that the root is gone from where it is kept: the next start would refuse. */
export function watchRoot(lease: Lease, hear: (trouble: string | undefined) => void, signal: AbortSignal): void {
  const look = async (): Promise<void> => {
    const kept = await Promise.all([ROOT_KEY, ROOT].map((key) => lease.get(key)));
    const gone = [ROOT_KEY, ROOT].filter((_, i) => kept[i] === undefined);
    hear(gone.length === 0 ? undefined : `${gone.join(" and ")} is gone: put it back before this controller ends`);
  };
  // A folder that cannot be read is heard of by every write.
  for (const key of [ROOT_KEY, ROOT]) lease.watch(key, () => void look().catch(() => {}), signal);
}

/** A CSR whose signature is its key's: the asker holds the key. Throws AuthorityError for anything else. */
export function readCsr(der: Uint8Array): Csr {
  const result = decodeCsr(der);
  if ("fault" in result) throw new AuthorityError("csr", result.fault);
  const { publicKey, signed, signature } = result.csr;
  if (!isSignedBy(publicKey, signed, signature)) {
    throw new AuthorityError("csr", "the CSR's signature is not its key's");
  }
  return result.csr;
}

/** A signature over a snapshot's body, raw r||s over the body. */
export function signSnapshot(body: Uint8Array, signerKey: KeyObject): Buffer {
  return sign("sha256", body, { key: signerKey, dsaEncoding: "ieee-p1363" });
}

function rootName(trustDomain: string): NameFacts {
  return { organization: "Regomesh", commonName: `${trustDomain} root` };
}

function isSignedBy(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    return verify("sha256", bytes, key, signature);
  } catch {
    return false; // not a point of the curve
  }
}

/** Positive, unpredictable, never zero (RFC 5280 §4.1.2.2). */
function makeSerial(): Uint8Array {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function keyIdOf(key: KeyObject): Uint8Array {
  const spki = key.export({ type: "spki", format: "der" });
  return sha1(pointOf(spki) ?? spki);
}

function sha1(bytes: Uint8Array): Uint8Array {
  return createHash("sha1").update(bytes).digest();
}

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail = ""] = address.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [left, right] = [words(head), words(tail)];
  const all = [...left, ...Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}
