import { expect, test } from "vitest";
import { templateFinder } from "./select-entries.ts";

test("templates are those of a chart among the files, however many charts there are", () => {
  const charts = Array.from({ length: 50_000 }, (_, at) => `charts/c${at}/Chart.yaml`);
  const isTemplate = templateFinder([...charts, "Chart.yaml", "notChart.yaml"]);
  const names = ["charts/c7/templates/a.yaml", "templates/a.yaml", "charts/x/templates/a.yaml", "nottemplates/a.yaml"];
  expect(names.map(isTemplate)).toEqual([true, true, false, false]);
  expect(isTemplate("charts/c7/templates/templates/a.yaml")).toBe(true);
  expect(charts.some(isTemplate)).toBe(false);
});
