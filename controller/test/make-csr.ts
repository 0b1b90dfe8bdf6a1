/** A PKCS#10 request as a proxy makes it, for tests. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bits, decodeDer, encodeDer, explicit, integer, OID, oid, sequence, set, utf8 } from "../src/ca/der.ts";

export type MadeCsr = { readonly der: Uint8Array; readonly keyPem: string; readonly publicKey: Uint8Array };

export function makeCsr(
  options: { readonly curve?: string; readonly signer?: KeyObject; readonly commonName?: string } = {},
): MadeCsr {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: options.curve ?? "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const name = sequence(set(sequence(oid(OID.commonName), utf8(options.commonName ?? "ignored"))));
  const key = decodeDer(spki);
  if (key === undefined) throw new Error("no key");
  const info = sequence(integer(Uint8Array.of(0)), name, key, explicit(0));
  const signature = sign("sha256", encodeDer(info), options.signer ?? privateKey);
  return {
    der: encodeDer(sequence(info, sequence(oid(OID.ecdsaSha256)), bits(signature))),
    keyPem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    publicKey: spki,
  };
}
