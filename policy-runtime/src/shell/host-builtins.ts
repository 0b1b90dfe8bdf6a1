/**
 * The built-ins that need what a module has not: keys, certificates, the clock, randomness,
 * time zones. `http.send` is not offered: a decision must not wait.
 */
import { randomInt, randomUUID } from "node:crypto";
import type { HostBuiltins } from "../host-builtins.ts";
import { signAwsRequest } from "./aws-signature.ts";
import { addressesOf } from "./hosts.ts";
import { matchSchema, verifySchema } from "./json-schema.ts";
import { decodeVerify, encodeSign, encodeSignRaw, verifyWithKeys, verifyWithSecret } from "./jwt.ts";
import { parseKeyPair, parsePrivateKeys, parseRsaPrivateKey } from "./private-keys.ts";
import { parseCertificateRequest, parseCertificates } from "./x509.ts";
import { parseAndVerify, parseAndVerifyWith } from "./x509-chain.ts";
import { isYaml, marshalYaml, unmarshalYaml } from "./yaml.ts";
import { zoneFacts } from "./zones.ts";

export type HostOptions = {
  /** Milliseconds since 1970; asked once in an evaluation. */
  readonly nowMs: () => number;
  /** What `opa.runtime().env` shows; nothing where absent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of a hosts file (hosts(5)) that `net.lookup_ip_addr` looks names up in; without it there is no such built-in. */
  readonly hosts?: string;
};

export function makeHostBuiltins({ nowMs, env, hosts }: HostOptions): HostBuiltins {
  const nowNs = () => Math.round(nowMs() * 1e6);
  const builtins: Record<string, (...operands: never[]) => unknown> = {
    "time.now_ns": nowNs,
    "time.zone": zoneFacts,
    "uuid.rfc4122": () => randomUUID(),
    "rand.intn": drawBelow,
    "opa.runtime": () => (env === undefined ? {} : { env }),
    "io.jwt.decode_verify": (jwt: unknown, constraints: unknown) => decodeVerify(jwt, constraints, nowNs),
    "io.jwt.encode_sign": encodeSign,
    "io.jwt.encode_sign_raw": encodeSignRaw,
    "io.jwt.verify_eddsa": verifyWithKeys("EdDSA"),
    "crypto.parse_private_keys": parsePrivateKeys,
    "crypto.x509.parse_certificate_request": parseCertificateRequest,
    "crypto.x509.parse_certificates": parseCertificates,
    "crypto.x509.parse_and_verify_certificates": (certs: unknown) => parseAndVerify(certs, nowMs()),
    "crypto.x509.parse_and_verify_certificates_with_options": (certs: unknown, options: unknown) =>
      parseAndVerifyWith(certs, options, nowMs()),
    "crypto.x509.parse_keypair": parseKeyPair,
    "crypto.x509.parse_rsa_private_key": parseRsaPrivateKey,
    "json.match_schema": matchSchema,
    "json.verify_schema": verifySchema,
    "providers.aws.sign_req": signAwsRequest,
    "yaml.is_valid": isYaml,
    "yaml.marshal": marshalYaml,
    "yaml.unmarshal": unmarshalYaml,
  };
  if (hosts !== undefined) builtins["net.lookup_ip_addr"] = (name: string) => addressesOf(name, hosts);
  for (const bits of ["256", "384", "512"]) {
    for (const family of ["RS", "PS", "ES"]) {
      builtins[`io.jwt.verify_${family.toLowerCase()}${bits}`] = verifyWithKeys(family + bits);
    }
    builtins[`io.jwt.verify_hs${bits}`] = verifyWithSecret(`HS${bits}`);
  }
  return builtins;
}

/** node:crypto draws below 2^48 at most. */
const RANDOM_MAX = 2 ** 48 - 1;

function drawBelow(_key: string, bound: number): number {
  return randomInt(Math.min(bound, RANDOM_MAX));
}
