/** The Helm chart installs what deploy/kubernetes does, where nobody says otherwise. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const ROOT = resolve(import.meta.dirname, "../../..");
const CHART = join(ROOT, "deploy/helm/regomesh");
const MANIFESTS = join(ROOT, "deploy/kubernetes");

const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as object;
const { appVersion } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as { readonly appVersion: string };

function chartValue(path: string): unknown {
  return path.split(".").reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>>)[name], values);
}

function isEmpty(value: unknown): boolean {
  return !value || (typeof value === "object" && Object.keys(value).length === 0);
}

/** What Helm makes of the few actions that the chart has, by its own values. */
function render(template: string): string {
  const inner =
    / *\{\{- (if|with|range) \.Values\.([\w.]+) \}\}\n((?:(?!\{\{- (?:if|with|range))[\s\S])*?) *\{\{- end \}\}\n/;
  let text = template.replace(/^\{\{- if ne \.Release\.Namespace[\s\S]*?\{\{- end \}\}\n/, "");
  for (let found = inner.exec(text); found !== null; found = inner.exec(text)) {
    const [whole, action, path = "", body = ""] = found;
    const value = chartValue(path);
    if (!isEmpty(value) && action !== "if") throw new Error(`${path} is said in values.yaml`);
    text = text.replace(whole, isEmpty(value) ? "" : body);
  }
  text = text.replace(
    /\{\{-? toYaml \.Values\.([\w.]+) \| nindent \d+ \}\}/g,
    (_, path) => ` ${JSON.stringify(chartValue(path))}`,
  );
  text = text.replace(/\{\{ \.Values\.([\w.]+)( \| default \.Chart\.AppVersion)? \}\}/g, (_, path, hasDefault) => {
    const value = chartValue(path);
    return String(isEmpty(value) && hasDefault !== undefined ? appVersion : value);
  });
  expect(text).not.toContain("{{");
  return text;
}

function documents(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

test.each(["controller.yaml", "rbac.yaml"])("%s is deploy/kubernetes', with kustomize's tag", (name) => {
  const tagged = readFileSync(join(MANIFESTS, name), "utf8").replace(
    "image: regomesh-controller\n",
    `image: regomesh-controller:${appVersion}\n`,
  );
  const wanted = documents(tagged);
  expect(wanted.length).toBeGreaterThan(3);
  expect(documents(render(readFileSync(join(CHART, "templates", name), "utf8")))).toEqual(wanted);
});

test("whoever installs it elsewhere is told where it belongs", () => {
  expect(readFileSync(join(CHART, "templates/controller.yaml"), "utf8")).toMatch(
    /^\{\{- if ne \.Release\.Namespace "regomesh-system" \}\}\n\{\{- fail /,
  );
});
