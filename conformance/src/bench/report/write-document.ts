/** Puts figures into the documentation: data, tables between two marks of performance.md, and the chart beside it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printChart } from "./chart.ts";
import { type Figures, mergeFigures, NO_FIGURES } from "./figures.ts";
import { printFigures } from "./print-figures.ts";

const DOCS = join(import.meta.dirname, "../../../../docs");
const [BEGIN, END] = ["<!-- figures: begin -->", "<!-- figures: end -->"];

export function writeDocument(now: Figures, order: readonly string[]): void {
  const data = join(DOCS, "performance.json");
  const old = existsSync(data) ? (JSON.parse(readFileSync(data, "utf8")) as Figures) : NO_FIGURES;
  const text = JSON.stringify(mergeFigures(old, now, order), roundFigure, 1);
  // What is printed is what was kept.
  const figures = JSON.parse(text) as Figures;
  writeFileSync(data, `${text}\n`);
  writeFileSync(join(DOCS, "performance.svg"), printChart(figures.sets));
  const path = join(DOCS, "performance.md");
  writeFileSync(path, putFigures(readFileSync(path, "utf8"), figures));
}

/** The text with what stands between the marks replaced. */
export function putFigures(text: string, figures: Figures): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} or ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${printFigures(figures)}\n\n${text.slice(end)}`;
}

function roundFigure(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
