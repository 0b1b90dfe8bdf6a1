/** `http.send`: the answer to a request, kept as OPA keeps it. */
import { parseJsonExact } from "../../exact-json.ts";
import { printGoJson } from "../go-json.ts";
import { isJsonObject, type JsonObject } from "../json-text.ts";
import { OperandError } from "../operands.ts";
import { unmarshalYaml } from "../yaml.ts";
import { type HttpResponse, longestMs } from "./exchange.ts";
import {
  type CacheChoice,
  cacheChoice,
  checkKeys,
  flagOf,
  type HttpRequest,
  parseRequest,
  raisesErrors,
  type SendOptions,
} from "./request.ts";
import { expiryFromFields, expiryOf, type KeptResponse, ResponseCache } from "./response-cache.ts";
import type { AskNetwork } from "./wait-for-network.ts";

/** A failure between here and the peer. */
class NetworkError extends Error {
  override readonly name = "NetworkError";
}

const NS_PER_MS = 1e6;

/** The time of the evaluation comes last, in nanoseconds. */
export function makeHttpSend(network: AskNetwork, options: SendOptions): (operand: unknown, timeNs: number) => unknown {
  const cache = new ResponseCache();
  return (operand, timeNs) => {
    const raises = raisesErrors(operand);
    try {
      return answer(checkKeys(operand), timeNs / NS_PER_MS, { network, cache, options });
    } catch (error) {
      if (raises) throw error;
      return { status_code: 0, error: shownError(error as Error) };
    }
  };
}

function shownError(error: Error): { readonly code: string; readonly message: string } {
  if (error instanceof NetworkError) return { code: "eval_http_send_network_error", message: error.message };
  const kind = error instanceof OperandError ? error.code : "eval_builtin_error";
  return { code: "eval_http_send_internal_error", message: `${kind}: http.send: ${error.message}` };
}

type Tools = { readonly network: AskNetwork; readonly cache: ResponseCache; readonly options: SendOptions };

function answer(request: JsonObject, nowMs: number, tools: Tools): unknown {
  const choice = cacheChoice(request);
  const decoding = { json: flagOf(request, "force_json_decode"), yaml: flagOf(request, "force_yaml_decode") };
  const key = keyOf(request);
  const kept = choice.kind === "none" ? undefined : tools.cache.get(key);
  if (kept !== undefined && nowMs < kept.expiresMs) return shown(kept.response, decoding);
  const asked = parseRequest(request, tools.options);
  const response =
    (kept === undefined ? undefined : revalidated(kept, asked, { choice, nowMs, key, tools })) ??
    ask(asked, tools.network, raisesErrors(request));
  const expiresMs = expiryOf(response, choice, nowMs);
  if (expiresMs !== undefined && response !== kept?.response) tools.cache.set(key, { response, expiresMs });
  return shown(response, decoding);
}

/** Requests that differ only in headers that the policy tells to ignore are one. */
function keyOf({ cache_ignored_headers: ignored, headers, ...others }: JsonObject): string {
  if (!Array.isArray(ignored) || !isJsonObject(headers)) return printGoJson({ ...others, headers: headers ?? null });
  const kept = Object.entries(headers).filter(([name]) => !ignored.includes(name));
  return printGoJson({ ...others, headers: Object.fromEntries(kept) });
}

/** Asks whether what was kept too long is still good; undefined where the peer cannot say so. */
function revalidated(
  { response }: KeptResponse,
  request: HttpRequest,
  {
    choice,
    nowMs,
    key,
    tools,
  }: {
    readonly choice: CacheChoice;
    readonly nowMs: number;
    readonly key: string;
    readonly tools: Tools;
  },
): HttpResponse | undefined {
  tools.cache.delete(key);
  const [etag] = response.headers["etag"] ?? [];
  const [modified] = response.headers["last-modified"] ?? [];
  if (etag === undefined && modified === undefined) return undefined;
  const conditions = {
    ...(etag === undefined ? {} : { "if-none-match": etag }),
    ...(modified === undefined ? {} : { "if-modified-since": modified }),
  };
  const fresh = ask({ ...request, headers: { ...request.headers, ...conditions } }, tools.network, true);
  if (fresh.statusCode === 200) return fresh;
  if (fresh.statusCode !== 304) return undefined;
  const headers = { ...response.headers, ...fresh.headers };
  const expiresMs = choice.kind === "forced" ? nowMs + choice.seconds * 1000 : expiryFromFields(fresh.headers);
  const renewed = { ...response, headers };
  if (expiresMs !== undefined) tools.cache.set(key, { response: renewed, expiresMs });
  return renewed;
}

function ask(request: HttpRequest, network: AskNetwork, raises: boolean): HttpResponse {
  const outcome = network({ kind: "http", request }, longestMs(request));
  if (outcome.kind === "value") return outcome.value as HttpResponse;
  if (!outcome.isNetwork) throw new Error(outcome.message);
  const { method, url } = request;
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  throw new NetworkError(outcome.isTimeout && raises ? `${verb} ${url}: request timed out` : outcome.message);
}

/** A body that cannot be decoded is null. */
function shown(
  { status, statusCode, headers, body }: HttpResponse,
  decoding: { readonly json: boolean; readonly yaml: boolean },
): object {
  const text = Buffer.from(body).toString();
  const [type = ""] = headers["content-type"] ?? [];
  return { status, status_code: statusCode, body: decoded(text, type, decoding), raw_body: text, headers };
}

function decoded(
  text: string,
  type: string,
  { json, yaml }: { readonly json: boolean; readonly yaml: boolean },
): unknown {
  try {
    if (json || /^\s*application\/(?:[^;\s]*\+)?json\s*(?:;|$)/i.test(type)) return parseJsonExact(text);
    if (yaml || /application\/(?:x-)?yaml/.test(type)) return unmarshalYaml(text);
  } catch {
    // as if it were of no type
  }
  return null;
}
