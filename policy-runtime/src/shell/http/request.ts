/** What `http.send` is asked for, checked as OPA checks it. */
import { numberOf, numberText } from "../../exact-json.ts";
import { printGoJson } from "../go-json.ts";
import { isJsonObject, type JsonObject } from "../json-text.ts";
import { expectObject, OperandError } from "../operands.ts";
import { type GoUrl, parseGoUrl } from "../url.ts";

/** What the thread sends; all of it can be cloned. */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  /** Field lines in the order given. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly followsRedirects: boolean;
  /** Hosts that may be asked; undefined for all. */
  readonly allowNet: readonly string[] | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly tls: TlsChoice;
};

export type TlsChoice = {
  readonly skipsVerify: boolean;
  readonly serverName: string | undefined;
  readonly usesSystemCerts: boolean;
  /** PEM texts beside the system's, or in their place. */
  readonly ca: readonly string[];
  readonly caFiles: readonly string[];
  readonly pairs: readonly { readonly cert: string; readonly key: string }[];
  readonly pairFiles: readonly { readonly cert: string; readonly key: string }[];
};

/** How answers are kept beyond the evaluation. */
export type CacheChoice =
  | { readonly kind: "none" }
  | { readonly kind: "headers" }
  | { readonly kind: "forced"; readonly seconds: number };

export type SendOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly allowNet: readonly string[] | undefined;
};

const STRINGS = [
  ...["method", "url", "raw_body", "tls_server_name"],
  ...["tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable"],
  ...["tls_client_cert", "tls_client_cert_file", "tls_client_cert_env_variable"],
  ...["tls_client_key", "tls_client_key_file", "tls_client_key_env_variable"],
] as const;
const BOOLEANS = ["enable_redirect", "tls_use_system_certs", "tls_insecure_skip_verify"] as const;
const OTHERS = [
  ...["body", "headers", "timeout", "cache", "force_cache", "force_cache_duration_seconds", "caching_mode"],
  ...["force_json_decode", "force_yaml_decode", "raise_error", "max_retry_attempts", "cache_ignored_headers"],
];
const KNOWN: ReadonlySet<string> = new Set([...STRINGS, ...BOOLEANS, ...OTHERS]);

/** Throws OperandError for a request that cannot be one. */
export function checkKeys(operand: unknown): JsonObject {
  const request = expectObject(operand, 1);
  const unknown = Object.keys(request).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new OperandError(`operand 1 invalid request parameters(s): ${setOf(unknown)}`);
  const missing = ["method", "url"].filter((key) => !Object.hasOwn(request, key));
  if (missing.length > 0) throw new OperandError(`operand 1 missing required request parameters(s): ${setOf(missing)}`);
  return request;
}

function setOf(names: readonly string[]): string {
  return `{${names
    .toSorted()
    .map((name) => JSON.stringify(name))
    .join(", ")}}`;
}

/** True unless the policy wants errors as answers. */
export function raisesErrors(operand: unknown): boolean {
  const choice = expectObject(operand, 1)["raise_error"];
  if (choice !== undefined && typeof choice !== "boolean") throw new Error("invalid value for raise_error field");
  return choice ?? true;
}

export function cacheChoice(request: JsonObject): CacheChoice {
  const isCached = flagOf(request, "cache");
  if (!flagOf(request, "force_cache")) return isCached ? { kind: "headers" } : { kind: "none" };
  const written = request["force_cache_duration_seconds"];
  if (written === undefined) {
    throw new Error("'force_cache' set but 'force_cache_duration_seconds' parameter is missing");
  }
  const seconds = numberOf(written);
  if (seconds === undefined || !/^[+-]?\d+$/.test(numberText(written) ?? "") || Math.abs(seconds) > 2 ** 31) {
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(written)}: invalid syntax`);
  }
  return seconds > 0 ? { kind: "forced", seconds } : { kind: "headers" };
}

/** A boolean member; false where it is absent. */
export function flagOf(request: JsonObject, name: string): boolean {
  const flag = request[name];
  if (flag !== undefined && typeof flag !== "boolean") throw new Error(`invalid value for "${name}" field`);
  return flag ?? false;
}

export function parseRequest(request: JsonObject, { env, allowNet }: SendOptions): HttpRequest {
  for (const name of STRINGS) {
    if (request[name] !== undefined && typeof request[name] !== "string") throw new Error(`"${name}" must be a string`);
  }
  const text = (name: (typeof STRINGS)[number]): string => unquoted((request[name] as string | undefined) ?? "");
  const url = text("url");
  checkHost(url, allowNet);
  const flag = (name: (typeof BOOLEANS)[number]): boolean => parseBoolean(request[name]);
  return {
    method: text("method").toUpperCase() || "GET",
    url,
    headers: headersOf(request["headers"]),
    body: request["raw_body"] === undefined ? bodyOf(request["body"]) : text("raw_body"),
    followsRedirects: flag("enable_redirect"),
    allowNet,
    timeoutMs: timeoutOf(request["timeout"], env),
    retries: retriesOf(request["max_retry_attempts"]),
    tls: {
      skipsVerify: flag("tls_insecure_skip_verify"),
      serverName: text("tls_server_name") || undefined,
      usesSystemCerts: flag("tls_use_system_certs"),
      ca: [text("tls_ca_cert").replaceAll("\\n", "\n"), env[text("tls_ca_cert_env_variable")] ?? ""].filter(Boolean),
      caFiles: [text("tls_ca_cert_file")].filter(Boolean),
      pairs: [
        { cert: text("tls_client_cert"), key: text("tls_client_key") },
        {
          cert: env[text("tls_client_cert_env_variable")] ?? "",
          key: env[text("tls_client_key_env_variable")] ?? "",
        },
      ].filter(isWhole),
      pairFiles: [{ cert: text("tls_client_cert_file"), key: text("tls_client_key_file") }].filter(isWhole),
    },
  };
}

function isWhole({ cert, key }: { readonly cert: string; readonly key: string }): boolean {
  return cert !== "" && key !== "";
}

/** As strings.Trim(s, "\""). */
function unquoted(text: string): string {
  return text.replace(/^"+|"+$/g, "");
}

const BOOLEAN_TEXTS: Readonly<Record<string, boolean>> = { true: true, false: false, "1": true, "0": false };

/** As strconv.ParseBool reads the value as Rego writes it. */
function parseBoolean(value: unknown): boolean {
  if (value === undefined) return false;
  const text = JSON.stringify(value);
  const known = Object.hasOwn(BOOLEAN_TEXTS, text) ? BOOLEAN_TEXTS[text] : undefined;
  if (known === undefined) throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  return known;
}

function headersOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw new Error("invalid type for headers key");
  for (const field of Object.values(value)) {
    if (typeof field !== "string") throw new Error(`invalid type for headers value ${JSON.stringify(field)}`);
  }
  return value as Readonly<Record<string, string>>;
}

function bodyOf(value: unknown): string {
  return value === undefined ? "" : printGoJson(value);
}

const TIMEOUT_MS = 5000;
const NS_PER_MS = 1e6;

/** Zero stands for no limit, as in Go. */
function timeoutOf(value: unknown, env: SendOptions["env"]): number {
  const set = env["HTTP_SEND_TIMEOUT"];
  if (value === undefined) return set === undefined || set === "" ? TIMEOUT_MS : parseDuration(set);
  if (typeof value === "string") return parseDuration(value);
  const number = numberOf(value);
  if (number === undefined) throw new OperandError("'timeout' must be one of {string, number}");
  if (!Number.isInteger(number)) throw new Error(`invalid timeout number value ${numberText(value)}, must be int64`);
  return number / NS_PER_MS;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1 / NS_PER_MS,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a Go duration; a number alone is nanoseconds. */
function parseDuration(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text) / NS_PER_MS;
  if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    throw new Error(`invalid timeout value ${JSON.stringify(text)}: time: invalid duration ${JSON.stringify(text)}`);
  }
  const parts = [...text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  const sum = parts.reduce((ms, [, count, unit]) => ms + Number(count) * (UNITS_MS[unit as string] ?? 0), 0);
  return text.startsWith("-") ? -sum : sum;
}

const RETRIES_MAX = 100;

function retriesOf(value: unknown): number {
  if (value === undefined) return 0;
  const retries = numberOf(value);
  if (retries === undefined || !Number.isInteger(retries) || retries < 0) {
    throw new Error(`invalid value ${JSON.stringify(value)} for field "max_retry_attempts"`);
  }
  return Math.min(retries, RETRIES_MAX);
}

/** Throws where the host of the URL is not among those that may be asked. */
export function checkHost(url: string, allowNet: readonly string[] | undefined): void {
  if (allowNet === undefined) return;
  const host = parseGoUrl(url).Host.split(":")[0] as string;
  if (!allowNet.includes(host)) throw new Error(`disallowed host: ${host}`);
}

/** What `unix://localhost/path?socket=%2Frun%2Fa.sock` names: an HTTP server on a socket of the file system. */
export function socketOf(url: GoUrl): { readonly socketPath: string; readonly target: string } | undefined {
  if (url.Scheme !== "unix" || url.RawQuery === "") return undefined;
  const query = new URLSearchParams(url.RawQuery);
  const socketPath = query.get("socket") ?? "";
  query.delete("socket");
  const rest = query.toString();
  return { socketPath, target: `${url.RawPath || url.Path || "/"}${rest === "" ? "" : `?${rest}`}` };
}
