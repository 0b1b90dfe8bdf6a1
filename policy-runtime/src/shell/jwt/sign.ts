/** io.jwt.encode_sign and encode_sign_raw. Checks follow OPA's tokens.go in their order, so that errors do too. */
import { parseJsonExact } from "../../exact-json.ts";
import { printGoJson } from "../go-json.ts";
import { isJsonObject, isJsonText, type JsonObject } from "../json-text.ts";
import { expectSize, expectString } from "../operands.ts";
import { parseJwks } from "./jwk.ts";
import { ALGORITHMS } from "./keys.ts";
import { signToken } from "./signature.ts";

const PAYLOAD_BYTES_MAX = 256 * 1024;
const KEY_BYTES_MAX = 256 * 1024;

export function encodeSign(header: unknown, payload: unknown, key: unknown): string {
  return encodeSignText(printGoJson(header), printGoJson(payload), printGoJson(key));
}

export function encodeSignRaw(header: unknown, payload: unknown, key: unknown): string {
  const keyText = expectString(key, 3);
  return encodeSignText(expectString(header, 1), expectString(payload, 2), keyText);
}

function encodeSignText(header: string, payload: string, keyText: string): string {
  const [key] = parseJwks(expectSize(keyText, KEY_BYTES_MAX, "the key"));
  if (key === undefined) throw new Error("no keys found in JWK set");
  expectSize(header, PAYLOAD_BYTES_MAX, "the header");
  expectSize(payload, PAYLOAD_BYTES_MAX, "the payload");
  const fields = headerFields(header);
  const alg = fields["alg"];
  if (!Object.hasOwn(fields, "alg")) throw new Error(`missing or invalid 'alg' header: jwsbb: header "alg" not found`);
  if (typeof alg !== "string") throw new Error("missing or invalid 'alg' header: must be a string");
  if (!ALGORITHMS.has(alg)) throw new Error(`unknown JWS algorithm: ${alg}`);
  const isJwt = typeof fields["typ"] !== "string" || fields["typ"] === "JWT";
  if (isJwt && !isJsonText(payload)) throw new Error("type is JWT but payload is not JSON");
  const input = `${Buffer.from(header).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${input}.${signToken(alg, key.signing, Buffer.from(input)).toString("base64url")}`;
}

function headerFields(text: string): JsonObject {
  const place = "missing or invalid 'alg' header: cannot parse JSON";
  if (text === "") throw new Error(`${place}: cannot parse empty string`);
  let value: unknown;
  try {
    value = parseJsonExact(text);
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
  if (!isJsonObject(value)) throw new Error(`${place}: not an object`);
  return value;
}
