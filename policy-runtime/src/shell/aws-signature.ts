/** providers.aws.sign_req: AWS signature version 4 over a request as http.send takes it. */
import { createHash, createHmac } from "node:crypto";
import { printGoJson } from "./go-json.ts";
import { expectNumber, expectObject, OperandError } from "./operands.ts";

type Fields = { readonly [name: string]: unknown };

const REQUIRED = ["aws_access_key", "aws_region", "aws_secret_access_key", "aws_service"] as const;
/** Proxies change these on the way. */
const UNSIGNED = new Set(["authorization", "user-agent", "x-amzn-trace-id"]);
const REQUEST_KEYS = ["method", "url"] as const;

const setText = (names: readonly string[]) => `{${names.map((name) => JSON.stringify(name)).join(", ")}}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const mac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The request with the headers that sign it. */
export function signAwsRequest(given: unknown, config: unknown, timeNs: unknown): object {
  const request = expectObject(given, 1);
  const credentials = expectObject(config, 2);
  checkTexts(credentials, REQUIRED, "operand 2", "AWS config");
  const ns = expectNumber(timeNs, 3);
  if (!Number.isInteger(ns) || ns < 0 || Math.abs(ns) >= 2 ** 63) {
    throw new OperandError("operand 3 could not convert time_ns value into a unix timestamp");
  }
  checkTexts(request, REQUEST_KEYS, "operand 1", "request");
  const unsigned = credentials["disable_payload_signing"] ?? false;
  if (typeof unsigned !== "boolean") {
    throw new OperandError("operand 2 invalid value for 'disable_payload_signing' in AWS config");
  }
  const headers = request["headers"] === undefined ? {} : expectObject(request["headers"], 1);
  return { ...request, headers: { ...texts(headers), ...signed(request, texts(headers), credentials, ns, unsigned) } };
}

function checkTexts(fields: Fields, names: readonly string[], place: string, what: string): void {
  const missing = names.filter((name) => !Object.hasOwn(fields, name));
  if (missing.length > 0)
    throw new OperandError(`${place} missing required ${what} parameters(s): ${setText(missing)}`);
  const wrong = names.filter((name) => typeof fields[name] !== "string");
  if (wrong.length > 0)
    throw new OperandError(`${place} invalid values for required ${what} parameters(s): ${setText(wrong)}`);
}

function texts(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value : ""]),
  );
}

function bodyOf({ body, raw_body: rawBody }: Fields): string {
  if (rawBody !== undefined) return typeof rawBody === "string" ? rawBody : "";
  return body === undefined ? "" : printGoJson(body);
}

function signed(
  request: Fields,
  headers: Readonly<Record<string, string>>,
  credentials: Fields,
  timeNs: number,
  isPayloadUnsigned: boolean,
): Readonly<Record<string, string>> {
  const service = String(credentials["aws_service"]);
  const moment = new Date(Math.floor(timeNs / 1e6)).toISOString().replace(/[-:]|\.\d+/g, "");
  const day = moment.slice(0, 8);
  const url = new URL(String(request["url"]));
  const hash = isPayloadUnsigned ? "UNSIGNED-PAYLOAD" : sha256(bodyOf(request));
  const own: Record<string, string> = { host: hostOf(String(request["url"]), url), "x-amz-date": moment };
  if (service === "s3" || service === "glacier") own["x-amz-content-sha256"] = hash;
  const token = credentials["aws_session_token"];
  if (typeof token === "string" && token !== "") own["x-amz-security-token"] = token;

  const toSign = new Map(Object.entries(own));
  for (const [name, value] of Object.entries(headers)) {
    if (!UNSIGNED.has(name.toLowerCase())) toSign.set(name.toLowerCase(), value);
  }
  const names = [...toSign.keys()].sort();
  const list = names.join(";");
  const head = names.map((name) => `${name}:${toSign.get(name)}\n`).join("");
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(String(request["url"]))?.[1] ?? "";
  const canonical = `${request["method"]}\n${path}\n${url.search.slice(1)}\n${head}\n${list}\n${hash}`;
  const scope = `${day}/${credentials["aws_region"]}/${service}/aws4_request`;
  const key = [String(credentials["aws_region"]), service, "aws4_request"].reduce(
    (signing, text) => mac(signing, text),
    mac(`AWS4${credentials["aws_secret_access_key"]}`, day),
  );
  const signature = mac(key, `AWS4-HMAC-SHA256\n${moment}\n${scope}\n${sha256(canonical)}`).toString("hex");
  const credential = `${credentials["aws_access_key"]}/${scope}`;
  return {
    ...own,
    Authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${list},Signature=${signature}`,
  };
}

/** As written: a default port stays. */
function hostOf(text: string, url: URL): string {
  return /^[a-z]+:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(text)?.[1] ?? url.host;
}
