/**
 * Cross-origin requests as rules of Rego: a browser's question before a request is answered at
 * once, and what may be read of the response is said in its fields. An origin that nobody allowed
 * is told nothing, and its browser keeps the response to itself.
 */
import type { CorsFilter } from "@regomesh/resources";
import type { Term } from "./action.ts";
import { regoString } from "./rego-string.ts";

/** Conditions, and the value, of one of the rules that a match becomes. */
export type Branch = { readonly conditions: readonly string[]; readonly value: string };

/** Safelisted by the Fetch standard: allowed whatever is said. */
const SAFE_METHODS = ["GET", "HEAD", "POST"];

export function corsBranches(cors: CorsFilter, conditions: readonly string[], action: Term): readonly Branch[] {
  const origin = [...conditions, ...originConditions(cors.allowOrigins)];
  const preflight = [
    'http.method == "OPTIONS"',
    "http.headers.origin",
    'http.headers["access-control-request-method"]',
  ];
  return [
    { conditions: [...origin, ...preflight], value: print(respond(preflightFields(cors))) },
    { conditions: [...conditions, ...preflight], value: print(respond({})) },
    { conditions: origin, value: print(withFields(action, responseFields(cors))) },
    { conditions, value: print(action) },
  ];
}

/** Parts of a value that Rego works out. */
class Expression {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ORIGIN = new Expression("http.headers.origin");

function respond(headers: Term): Term {
  return { respond: { status: 204, headers: { ...headers, vary: "Origin" } } };
}

function originConditions(origins: CorsFilter["allowOrigins"]): readonly string[] {
  if (origins.includes("*")) return ["http.headers.origin"];
  if (origins.length === 0) return ["false"];
  return [`regex.match(${regoString(`^(?:${origins.map(originPattern).join("|")})$`)}, http.headers.origin)`];
}

/** A port that is the scheme's own may be said or not; `*` stands for any labels to the left. */
function originPattern(origin: string): string {
  const [, scheme = "", host = "", port] = /^(https?):\/\/(.*?)(?::(\d+))?$/.exec(origin) ?? [];
  const own = scheme === "https" ? "443" : "80";
  const hosts = host.split("*").map(quoteMeta).join("[^/:]+");
  return `${scheme}://(?i:${hosts})${port === undefined || port === own ? `(?::${own})?` : `:${port}`}`;
}

function quoteMeta(text: string): string {
  return text.replace(/[.\\+*?()|[\]{}^$]/g, "\\$&");
}

function preflightFields(cors: CorsFilter): Term {
  const { allowMethods, allowHeaders, maxAge } = cors;
  const methods = [...new Set([...SAFE_METHODS, ...allowMethods])];
  return {
    ...originFields(cors),
    "access-control-allow-methods": allowMethods.includes("*")
      ? new Expression('http.headers["access-control-request-method"]')
      : methods.join(", "),
    ...(allowHeaders.length === 0
      ? {}
      : {
          "access-control-allow-headers": allowHeaders.includes("*")
            ? new Expression('object.get(http.headers, "access-control-request-headers", [])')
            : allowHeaders.join(", "),
        }),
    "access-control-max-age": `${maxAge}`,
  };
}

function responseFields(cors: CorsFilter): Term {
  const { exposeHeaders, allowCredentials } = cors;
  const exposed =
    exposeHeaders.includes("*") && allowCredentials ? exposeHeaders.filter((name) => name !== "*") : exposeHeaders;
  return {
    ...originFields(cors),
    ...(exposed.length === 0 ? {} : { "access-control-expose-headers": exposed.join(", ") }),
  };
}

function originFields({ allowCredentials }: CorsFilter): Term {
  return {
    "access-control-allow-origin": ORIGIN,
    ...(allowCredentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

function withFields(action: Term, fields: Term): Term {
  const headers = (action["headers"] ?? {}) as Term;
  const response = (headers["response"] ?? {}) as Term;
  const set = { ...fields, ...((response["set"] ?? {}) as Term) };
  const add = { vary: ["Origin"], ...((response["add"] ?? {}) as Term) };
  return { ...action, headers: { ...headers, response: { ...response, set, add } } };
}

/** A term as Rego's text: JSON, but for what is worked out. */
export function print(value: unknown): string {
  if (value instanceof Expression) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  if (typeof value === "string") return regoString(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, each]) => `${regoString(name)}: ${print(each)}`)
    .join(", ")}}`;
}
