/** The parts of a JSON web token (RFC 7519) as OPA takes them apart; throws OPA's words. */
import { parseJsonExact } from "../../exact-json.ts";
import { decodeBase64Url } from "../base64.ts";
import { isJsonObject, type JsonObject } from "../json-text.ts";
import { expectSize, expectString } from "../operands.ts";

const TOKEN_BYTES_MAX = 64 * 1024;

export type Token = { readonly header: string; readonly payload: string; readonly signature: string };

export type TokenHeader = {
  readonly fields: JsonObject;
  readonly alg: string;
  readonly kid: string;
  readonly cty: string;
  /** An alg is there, and nothing critical that we do not know (RFC 7515 §4.1.11). */
  readonly isValid: boolean;
};

export function splitToken(value: unknown): Token {
  const text = expectSize(expectString(value, 1), TOKEN_BYTES_MAX, "the encoded JWT");
  if (!text.includes(".")) throw new Error("encoded JWT had no period separators");
  const parts = text.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3) throw new Error(`encoded JWT must have 3 sections, found ${parts.length}`);
  return { header: header as string, payload: payload as string, signature: signature as string };
}

export function decodeHeader(token: Token): TokenHeader {
  const fields = inside("bad JWT header", () =>
    parseObject(inside("JWT header had invalid encoding", () => decodeBase64Url(token.header)).toString()),
  );
  if (Object.hasOwn(fields, "enc")) throw new Error("JWT is a JWE object, which is not supported");
  const text = (name: string): string => {
    const value = fields[name] ?? "";
    if (!Object.hasOwn(fields, name)) return "";
    if (typeof value !== "string") throw new Error(`${name}: must be a string`);
    return value;
  };
  text("typ");
  const alg = text("alg");
  const critical = criticalOf(fields);
  const known = ["alg", "kid", "typ", "cty", "crit"];
  const isValid = alg !== "" && !critical.some((name) => Object.hasOwn(fields, name) && !known.includes(name));
  return { fields, alg, kid: text("kid"), cty: text("cty"), isValid };
}

function criticalOf(fields: JsonObject): readonly string[] {
  if (!Object.hasOwn(fields, "crit")) return [];
  const names = fields["crit"];
  if (!Array.isArray(names)) throw new Error("crit: must be a list");
  const critical = names.filter((name): name is string => typeof name === "string");
  if (critical.length === 0) throw new Error("crit: must be a nonempty list");
  return critical;
}

export function decodePayload(token: Token): string {
  return inside("JWT payload had invalid encoding", () => decodeBase64Url(token.payload)).toString();
}

export function parseObject(text: string): JsonObject {
  const value = inside("invalid JSON", () => parseJsonExact(text));
  if (!isJsonObject(value)) throw new Error("decoded JSON type was not an Object");
  return value;
}

/** The error of `run` with its place before it. */
function inside<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
}
