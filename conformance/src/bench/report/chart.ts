/** Figures as a chart: for each set the CPU of a request under its first load, a bar for each contender. */
import type { SetResult } from "../sets/measure-sets.ts";

const WIDTH = 860;
const NAMES = 250;
const BAR = 15;
const STEP = 21;
const GAP = 36;
const BARS = WIDTH - NAMES - 150;

const STYLE = `text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .bar { fill: #9aa4b2 }
.ours { fill: #2f6feb } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #6b7685 } .ours { fill: #6ea8ff } }`;

export function printChart(results: readonly SetResult[]): string {
  const firsts = [...new Map(results.toReversed().map((result) => [result.set, result])).values()].toReversed();
  const parts: string[] = [];
  let y = 22;
  for (const result of firsts) {
    parts.push(`<text class="title" x="0" y="${y}">${escapeXml(result.title)}: CPU µs a request</text>`);
    y += 10;
    const most = Math.max(...result.rows.map(({ cpuUsPerRequest }) => cpuUsPerRequest));
    for (const row of result.rows) {
      const width = Math.max(1, Math.round((row.cpuUsPerRequest / most) * BARS));
      const isOurs = row.name.startsWith("regomesh");
      parts.push(
        `<text x="${NAMES - 8}" y="${y + 12}" text-anchor="end">${escapeXml(row.name)}</text>`,
        `<rect class="${isOurs ? "ours" : "bar"}" x="${NAMES}" y="${y}" width="${width}" height="${BAR}"/>`,
        `<text x="${NAMES + width + 6}" y="${y + 12}">${row.cpuUsPerRequest.toFixed(1)} (${row.cpuRatio.toFixed(2)} ×)</text>`,
      );
      y += STEP;
    }
    y += GAP;
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y - GAP + 8}" role="img">`;
  const title = "<title>CPU of a request, beside other proxies; shorter is cheaper</title>";
  return `${[head, title, `<style>${STYLE}</style>`, ...parts, "</svg>"].join("\n")}\n`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
