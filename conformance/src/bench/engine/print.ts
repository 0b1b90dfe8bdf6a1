/** The table of figures as Markdown, and the chart of growing numbers of rules as SVG. */
import type { Engine, Figure } from "./engine.ts";
import { table } from "./table.ts";

/** Figures in the order of the engines. */
export type Row = { readonly policy: string; readonly figures: readonly (Figure | undefined)[] };

/** What each engine starts from, in one sentence. */
export function printGiven(engines: readonly Pick<Engine, "name" | "given">[]): string {
  return `Each starts from: ${engines.map(({ name, given }) => `${name}, ${given}`).join("; ")}.`;
}

export function printTable(engines: readonly Pick<Engine, "name">[], rows: readonly Row[]): string {
  const head = ["policy", ...engines.map(({ name }) => name)];
  return table(
    head,
    rows.map(({ policy, figures }) => [policy, ...figures.map((figure) => printFigure(figure, figures[0]))]),
  );
}

/** `34,600 ns (31,200), 90 ×`: the median, the fastest round, and how many times the first engine's median. */
function printFigure(figure: Figure | undefined, first: Figure | undefined): string {
  if (figure === undefined) return "–";
  const [ns, least] = [figure.medianNs, figure.leastNs].map((time) => Math.round(time).toLocaleString("en-US"));
  const ratio = first === undefined || figure === first ? "" : `, ${printRatio(figure.medianNs / first.medianNs)} ×`;
  return `${ns} ns (${least})${ratio}${figure.wrong > 0 ? `, ${figure.wrong} WRONG` : ""}`;
}

function printRatio(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString("en-US");
}

const SIZE = { width: 720, height: 400, left: 70, right: 190, top: 20, bottom: 50 };
const COLOURS = ["#0b6e4f", "#5aa88f", "#c44536", "#283d8f", "#b08900", "#777777", "#8a2be2", "#00838f", "#5b3a29"];

/** Both axes are logarithmic: rules from left to right, nanoseconds upwards. Nothing where no policy of the shape was asked. */
export function printChart(
  engines: readonly Pick<Engine, "name">[],
  rows: readonly Row[],
  shape: string,
  sizes: readonly number[],
): string {
  const lines = engines.map((engine, i) => ({
    name: engine.name,
    colour: COLOURS[i % COLOURS.length] ?? "#000000",
    points: sizes.flatMap((size) => {
      const ns = rows.find(({ policy }) => policy === `${shape} ${size}`)?.figures[i]?.medianNs;
      return ns === undefined ? [] : [{ size, ns }];
    }),
  }));
  const all = lines.flatMap(({ points }) => points.map(({ ns }) => ns));
  if (all.length === 0) return "";
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const [first, last] = [Math.log10(sizes[0] ?? 1), Math.log10(sizes.at(-1) ?? 10)];
  const x = (size: number) =>
    SIZE.left + ((Math.log10(size) - first) / (last - first)) * (SIZE.width - SIZE.left - SIZE.right);
  const y = (ns: number) =>
    SIZE.height - SIZE.bottom - ((Math.log10(ns) - low) / (high - low)) * (SIZE.height - SIZE.top - SIZE.bottom);
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="13">`,
    "<title>time of a decision by the number of rules</title>",
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#ffffff"/>`,
    ...decades.flatMap((ns) => [
      `<path d="M${SIZE.left} ${y(ns).toFixed(1)}H${SIZE.width - SIZE.right}" stroke="#dddddd"/>`,
      `<text x="${SIZE.left - 8}" y="${(y(ns) + 4).toFixed(1)}" text-anchor="end">${printNs(ns)}</text>`,
    ]),
    ...sizes.map(
      (size) =>
        `<text x="${x(size).toFixed(1)}" y="${SIZE.height - SIZE.bottom + 20}" text-anchor="middle">${size.toLocaleString("en-US")}</text>`,
    ),
    `<text x="${SIZE.left}" y="${SIZE.height - 8}">rules of one path (${shape}); time of a decision, median</text>`,
    ...lines.flatMap(({ name, colour, points }) => {
      const end = points.at(-1);
      if (end === undefined) return [];
      const path = points.map(({ size, ns }, i) => `${i === 0 ? "M" : "L"}${x(size).toFixed(1)} ${y(ns).toFixed(1)}`);
      return [
        `<path d="${path.join("")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        `<text x="${(x(end.size) + 8).toFixed(1)}" y="${(y(end.ns) + 4).toFixed(1)}" fill="${colour}">${name}</text>`,
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}

function printNs(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  return ns < 1e6 ? `${ns / 1e3} µs` : `${ns / 1e6} ms`;
}
