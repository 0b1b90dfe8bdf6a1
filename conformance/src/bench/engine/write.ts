/** Puts the engines' tables between two marks of docs/performance.md, and their chart beside it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "../../../../docs");
const [BEGIN, END] = ["<!-- engines: begin -->", "<!-- engines: end -->"];

export function writeEngines(tables: string, chart: string): void {
  const path = join(DOCS, "performance.md");
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} or ${END}`);
  const image = "![time of a decision by the number of rules](engines.svg)";
  const chartLine = chart === "" ? "" : `\n\n${image}`;
  writeFileSync(path, `${text.slice(0, begin + BEGIN.length)}\n\n${tables}${chartLine}\n\n${text.slice(end)}`);
  if (chart !== "") writeFileSync(join(DOCS, "engines.svg"), chart);
}
