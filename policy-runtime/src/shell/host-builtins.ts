/**
 * The built-ins that need what a module has not: keys, certificates, the clock, randomness,
 * time zones. `http.send` and `net.lookup_ip_addr` are not offered: a decision must not wait.
 */
import { randomInt, randomUUID } from "node:crypto";
import type { HostBuiltins } from "../host-builtins.ts";
import { decodeVerify, encodeSign, encodeSignRaw, verifyWithKeys, verifyWithSecret } from "./jwt.ts";
import { zoneFacts } from "./zones.ts";

export type HostOptions = {
  /** Milliseconds since 1970; asked once in an evaluation. */
  readonly nowMs: () => number;
  /** What `opa.runtime().env` shows; nothing where absent. */
  readonly env?: Readonly<Record<string, string>>;
};

export function makeHostBuiltins({ nowMs, env }: HostOptions): HostBuiltins {
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
  };
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
