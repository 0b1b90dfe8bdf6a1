import { expect, test } from "vitest";
import { printChart } from "./chart.ts";
import { type Figures, mergeFigures, NO_FIGURES } from "./figures.ts";
import { putFigures } from "./write-document.ts";

function makeResult(set: string, cpuUsPerRequest: number) {
  const latency = { p50Us: 1000, p99Us: 20_000, p999Us: 30_000 };
  const common = { ...latency, requestsPerSecond: 1234.5, residentMiB: 9, errors: 0, speedRatio: 1 };
  const rows = [
    { ...common, name: "nginx", cpuUsPerRequest: 20, cpuRatio: 1 },
    { ...common, name: "regomesh, <log>", cpuUsPerRequest, cpuRatio: 20 / cpuUsPerRequest },
  ];
  return { set, title: `One ${set}`, load: "1 KiB", commit: "abc", rounds: 3, seconds: 2, rows };
}

const hop: Figures = { sets: [makeResult("hop", 25)], idle: [], missing: ["envoy"] };

test("a set that is measured again takes its old one's place, in the document's order", () => {
  const both = mergeFigures({ ...NO_FIGURES, sets: [makeResult("chain", 50)] }, hop, ["hop", "chain"]);
  const again = mergeFigures(both, { ...NO_FIGURES, sets: [makeResult("hop", 10)] }, ["hop", "chain"]);
  expect([both, again].map(({ sets }) => sets.map(({ set, rows }) => [set, rows[1]?.cpuUsPerRequest]))).toEqual([
    [
      ["hop", 25],
      ["chain", 50],
    ],
    [
      ["hop", 10],
      ["chain", 50],
    ],
  ]);
});

test("figures stand between their marks, as tables", () => {
  const text = putFigures("a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb", hop);
  expect(text.split("\n")).toEqual([
    "a",
    "<!-- figures: begin -->",
    "",
    "Left out, for they could not be had: envoy.",
    "",
    "### One hop",
    "",
    "1 KiB (commit abc, medians of 3 rounds of 2 s):",
    "",
    "|                 | CPU µs a request | × the first by CPU | requests a second | p50 / p99 / p99.9 µs    | resident MiB | errors |",
    "| --------------- | ---------------- | ------------------ | ----------------- | ----------------------- | ------------ | ------ |",
    "| nginx           | 20.0             | 1.00               | 1,235             | 1,000 / 20,000 / 30,000 | 9            | 0      |",
    "| regomesh, <log> | 25.0             | 0.80               | 1,235             | 1,000 / 20,000 / 30,000 | 9            | 0      |",
    "",
    "<!-- figures: end -->",
    "b",
  ]);
  expect(() => putFigures("no marks", hop)).toThrow("lacks");
});

test("the chart has a bar for each contender, ours marked, and is whole", () => {
  const chart = printChart(hop.sets);
  expect(chart.match(/<rect class="(bar|ours)"/g)).toEqual(['<rect class="bar"', '<rect class="ours"']);
  expect(chart).toContain("regomesh, &lt;log>");
  expect(chart.trimEnd().endsWith("</svg>")).toBe(true);
});
