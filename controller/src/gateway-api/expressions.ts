/**
 * Expressions of routes, each by itself: what is none would match nothing, and one that ends a group
 * too many would, in the text that is made of it, match what it does not say.
 */
import type { GrpcRouteMatch, HttpRouteMatch, Route } from "@regomesh/resources";
import type { BuildTools } from "../build/tools.ts";
import { regoString } from "./rego-string.ts";

export type Expression = { readonly route: Route; readonly path: string; readonly text: string };

/** Those that are no RE2, or are longer than it takes: asked of the built-in that proxies ask. */
export function wrongExpressions(routes: readonly Route[], tools: Pick<BuildTools, "test">): readonly Expression[] {
  const all = routes.flatMap(expressionsOf);
  const texts = [...new Set(all.map(({ text }) => text))];
  const turns = Array.from({ length: Math.ceil(texts.length / TURN_MAX) }, (_, at) =>
    texts.slice(at * TURN_MAX, (at + 1) * TURN_MAX),
  );
  const wrong = new Set(turns.flatMap((own) => wrongAmong(own, tools)));
  return all.filter(({ text }) => wrong.has(text));
}

function wrongAmong(texts: readonly string[], tools: Pick<BuildTools, "test">): readonly (string | undefined)[] {
  const rules = texts.map((text, at) => `test_${at} if regex.is_valid(${regoString(text)})`);
  const file = { name: `${UNIT}/expressions_test.rego`, text: `package expressions\n\n${rules.join("\n")}\n` };
  const { passed, failed } = tools.test({ name: UNIT, directory: UNIT, files: [file] });
  // What has not been asked is not right.
  if (passed + failed.length < texts.length) return texts;
  return failed.map(({ row }) => texts[row - FIRST_ROW]);
}

/** At a time: what a unit's tests may take is far more than so many do. */
const TURN_MAX = 200;
const UNIT = "expressions";
const FIRST_ROW = 3;

function expressionsOf(route: Route): readonly Expression[] {
  const matches: readonly (HttpRouteMatch | GrpcRouteMatch)[][] = route.spec.rules.map((rule) => [...rule.matches]);
  return matches.flatMap((own, rule) =>
    own.flatMap((match, at) =>
      ("path" in match ? httpExpressions(match) : grpcExpressions(match)).map(([path, text]) => ({
        route,
        path: `spec.rules[${rule}].matches[${at}].${path}`,
        text,
      })),
    ),
  );
}

type Found = readonly (readonly [path: string, text: string])[];

function httpExpressions({ path, headers, queryParams }: HttpRouteMatch): Found {
  const ofPath: Found = path.type === "RegularExpression" ? [["path.value", path.value]] : [];
  return [...ofPath, ...valuesOf("headers", headers), ...valuesOf("queryParams", queryParams)];
}

function grpcExpressions({ method, headers }: GrpcRouteMatch): Found {
  const parts = method?.type === "RegularExpression" ? (["service", "method"] as const) : [];
  return [
    ...parts.flatMap((part): Found => (method?.[part] === undefined ? [] : [[`method.${part}`, method[part]]])),
    ...valuesOf("headers", headers),
  ];
}

function valuesOf(field: string, matches: readonly { readonly type: string; readonly value: string }[]): Found {
  return matches.flatMap(
    ({ type, value }, at): Found => (type === "RegularExpression" ? [[`${field}[${at}].value`, value]] : []),
  );
}
