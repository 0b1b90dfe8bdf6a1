/** io.jwt.*: everything but `decode`, which needs no key and is the module's own. */
import type { HostBuiltin, HostBuiltins } from "../../host-builtins.ts";
import { KeySets } from "./keys.ts";
import { encodeSign, encodeSignRaw } from "./sign.ts";
import { VerifiedTokens } from "./verified-tokens.ts";
import { decodeVerify, verifyWithKeys, verifyWithSecret } from "./verify.ts";

export function tokenBuiltins(): HostBuiltins {
  const verifier = { keySets: new KeySets(), verified: new VerifiedTokens() };
  const builtins: Record<string, HostBuiltin> = {
    "io.jwt.decode_verify": (jwt: unknown, constraints: unknown, nowNs: unknown) =>
      decodeVerify(verifier, jwt, constraints, nowNs),
    "io.jwt.encode_sign": encodeSign,
    "io.jwt.encode_sign_raw": encodeSignRaw,
    "io.jwt.verify_eddsa": verifyWithKeys(verifier, "EdDSA"),
  };
  for (const bits of ["256", "384", "512"]) {
    for (const family of ["RS", "PS", "ES"]) {
      builtins[`io.jwt.verify_${family.toLowerCase()}${bits}`] = verifyWithKeys(verifier, family + bits);
    }
    builtins[`io.jwt.verify_hs${bits}`] = verifyWithSecret(`HS${bits}`);
  }
  return builtins;
}
