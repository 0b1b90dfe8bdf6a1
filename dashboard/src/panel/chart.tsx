/** Ten minutes as a small chart: an area, its highest value named, and the time below. */
import type { HistoryPoint } from "@regomesh/controller/api";

type Props = {
  readonly name: string;
  readonly points: readonly HistoryPoint[];
  readonly value: (point: HistoryPoint) => number | undefined;
  readonly print: (value: number) => string;
  readonly tone?: "plain" | "bad";
};

const WIDTH = 280;
const HEIGHT = 56;
const SPAN_MS = 600_000;

export function Chart({ name, points, value, print, tone = "plain" }: Props) {
  const last = points[points.length - 1];
  const end = last?.atMs ?? 0;
  const known = points.flatMap((point) => {
    const found = value(point);
    return found === undefined ? [] : [{ atMs: point.atMs, value: found }];
  });
  const most = Math.max(0, ...known.map((point) => point.value));
  const x = (atMs: number): number => WIDTH - ((end - atMs) / SPAN_MS) * WIDTH;
  const y = (each: number): number => HEIGHT - (most === 0 ? 0 : (each / most) * (HEIGHT - 4));
  const line = known.map((point) => `${x(point.atMs).toFixed(1)},${y(point.value).toFixed(1)}`).join(" ");
  const first = known[0];
  return (
    <figure class={`chart ${tone}`}>
      <figcaption>
        <span>{name}</span>
        <span class="dim">most {print(most)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${name}, ten minutes`}>
        {first !== undefined && (
          <polygon points={`${x(first.atMs).toFixed(1)},${HEIGHT} ${line} ${x(end).toFixed(1)},${HEIGHT}`} />
        )}
        <polyline points={line} />
      </svg>
      <div class="axis dim">
        <span>10 min ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}
