/** What an answer must be, as upstream's tests compare it; what differs is said in a sentence. */
import type { Answer, Asked } from "./ask.ts";
import { type Case, type CaseRequest, type Fields, isExpression } from "./cases.ts";

/** `rewrites`: the manifests have a rule that changes paths; of others the path that was asked is the one that arrives. */
export function differenceOf(each: Case, asked: Asked, answer: Answer, rewrites: boolean): string | undefined {
  const { StatusCode, StatusCodes, Headers, AbsentHeaders } = each.Response ?? {};
  const statuses = StatusCodes ?? [StatusCode ?? 200];
  if (!statuses.includes(answer.status)) return `status ${answer.status}, not ${statuses.join(" or ")}`;
  return (
    fieldDifference("response", Headers, AbsentHeaders, answer.headers) ??
    redirectDifference(each, asked, answer) ??
    (answer.status === 200 ? echoDifference(each, asked, answer, rewrites) : undefined)
  );
}

function fieldDifference(
  what: string,
  wanted: Fields = {},
  absent: readonly string[] = [],
  got: Fields = {},
): string | undefined {
  for (const [name, value] of Object.entries(wanted)) {
    const found = got[name.toLowerCase()];
    if (withoutBlanks(found) !== withoutBlanks(value)) return `${what} field ${name} is ${found}, not ${value}`;
  }
  const there = absent.find((name) => got[name.toLowerCase()] !== undefined);
  return there && `${what} field ${there} is ${got[there.toLowerCase()]}, and should not be there`;
}

/** Values that were joined, whoever joined them. */
function withoutBlanks(value: string | undefined): string | undefined {
  return value?.replace(/,\s+/g, ",");
}

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** What the case does not say is as it was asked. */
function redirectDifference({ RedirectRequest: wanted }: Case, asked: Asked, { headers }: Answer): string | undefined {
  if (wanted === undefined) return undefined;
  const { location = "" } = headers;
  if (!URL.canParse(location)) return `location is ${JSON.stringify(location)}`;
  const { protocol, hostname, port, pathname } = new URL(location);
  const [host, askedPort] = asked.authority.split(":");
  const own = wanted.Scheme === undefined ? (askedPort ?? "80") : PORTS[`${wanted.Scheme}:`];
  const facts = {
    scheme: [protocol, `${wanted.Scheme ?? "http"}:`],
    host: [hostname, wanted.Host ?? host],
    port: [port || PORTS[protocol], wanted.Port ?? own],
    path: [pathname, wanted.Path ?? asked.path.split("?")[0]],
  };
  const wrong = Object.entries(facts).find(([, [got, should]]) => got !== should);
  return wrong && `location ${location} has ${wrong[0]} ${wrong[1][0]}, not ${wrong[1][1]}`;
}

function echoDifference(each: Case, asked: Asked, { echo }: Answer, rewrites: boolean): string | undefined {
  if (echo === undefined) return "the answer is not the application's";
  const { Request: expected = {}, AbsentHeaders } = each.ExpectedRequest ?? {};
  const backend = each.Backend;
  if (typeof backend === "string" && backend !== "" && echo.workload !== backend)
    return `${echo.workload} was asked, not ${backend}`;
  if (each.Namespace !== undefined && each.Namespace !== "" && echo.namespace !== each.Namespace)
    return `namespace ${echo.namespace} was asked, not ${each.Namespace}`;
  const path = (rewrites && !isExpression(expected.Path) ? expected.Path : undefined) ?? asked.path;
  if (echo.path !== path) return `path ${echo.path} arrived, not ${path}`;
  if (echo.method !== asked.method) return `method ${echo.method} arrived, not ${asked.method}`;
  const host = hostOf(expected);
  if (host !== undefined && echo.host !== host) return `authority ${echo.host} arrived, not ${host}`;
  return fieldDifference("request", expected.Headers, AbsentHeaders, echo.headers);
}

function hostOf({ Host }: CaseRequest): string | undefined {
  return isExpression(Host) ? undefined : Host;
}
