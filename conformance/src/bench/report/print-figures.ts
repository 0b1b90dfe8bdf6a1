/** Figures as tables of Markdown. */
import type { Measured } from "../paired.ts";
import type { IdleResult } from "../sets/idle.ts";
import type { SetResult } from "../sets/measure-sets.ts";
import type { Figures } from "./figures.ts";

type Column<Row> = readonly [name: string, value: (row: Row) => string];

export function printFigures(figures: Figures): string {
  const titles = [...new Set(figures.sets.map(({ title }) => title))];
  const sets = titles.map((title) => {
    const results = figures.sets.filter((result) => result.title === title);
    return [`### ${title}`, ...results.map(printSet)].join("\n\n");
  });
  const idle = figures.idle.map((result) => `### ${result.title}\n\nCommit ${result.commit}.\n\n${printIdle(result)}`);
  const missing =
    figures.missing.length === 0 ? [] : [`Left out, for they could not be had: ${figures.missing.join(", ")}.`];
  return [...missing, ...sets, ...idle].join("\n\n");
}

function printSet({ load, commit, rounds, seconds, rows }: SetResult): string {
  const columns: readonly Column<Measured>[] = [
    ["CPU µs a request", (row) => row.cpuUsPerRequest.toFixed(1)],
    ["× the first by CPU", (row) => row.cpuRatio.toFixed(2)],
    ["requests a second", (row) => Math.round(row.requestsPerSecond).toLocaleString("en")],
    ["p50 / p99 / p99.9 µs", ({ p50Us, p99Us, p999Us }) => [p50Us, p99Us, p999Us].map(whole).join(" / ")],
    ["resident MiB", (row) => row.residentMiB.toFixed(0)],
    ["errors", (row) => String(row.errors)],
  ];
  return `${load} (commit ${commit}, medians of ${rounds} rounds of ${seconds} s):\n\n${printTable(columns, rows)}`;
}

function printIdle({ rows }: IdleResult): string {
  return printTable(
    [
      ["private MiB", (row) => row.privateMiB.toFixed(1)],
      ["KiB a connection", (row) => row.connectionKiB.toFixed(1)],
    ],
    rows,
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** As the formatter lays tables out: columns padded to one width. */
function printTable<Row extends { readonly name: string }>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const cells = [
    ["", ...columns.map(([name]) => name)],
    ...rows.map((row) => [row.name, ...columns.map(([, value]) => value(row))]),
  ];
  const widths = (cells[0] ?? []).map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)].join("\n");
}
