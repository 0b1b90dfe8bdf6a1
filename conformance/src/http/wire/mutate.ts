/**
 * Records that nobody wrote: those of the vectors with bytes deleted, inserted or replaced, fields
 * moved, and two spliced. Nothing is known of them but what must hold of everything (`safe`).
 */
import { bytesOf, type WireRow } from "../vectors.ts";

/** What parsers fall over. */
const BYTES = "\r\n\0:\t ,;0x\x0b\x7f\xa0";
const CHANGES_MAX = 3;
/** More requests than any mutant holds. */
const REQUESTS_MAX = 64;

type Random = () => number;
type Change = (text: string, random: Random, other: string) => string;

const CHANGES: readonly Change[] = [
  (text, random) => replace(text, placeIn(text, random), 1, ""),
  (text, random) => replace(text, placeIn(text, random), 0, byteOf(random)),
  (text, random) => replace(text, placeIn(text, random), 1, byteOf(random)),
  (text, random, other) => text.slice(0, placeIn(text, random)) + other.slice(placeIn(other, random)),
  moveFraming,
];

/** `count` mutants of `rows`, the same for the same numbers. */
export function mutantsOf(rows: readonly WireRow[], count: number, random: Random): readonly WireRow[] {
  const texts = rows.map(({ raw_b64 }) => Buffer.from(bytesOf(raw_b64)).toString("latin1"));
  const any = (): string => texts[Math.floor(random() * texts.length)] ?? "";
  return Array.from({ length: count }, (_, at) => {
    let text = any();
    for (let left = 1 + Math.floor(random() * CHANGES_MAX); left > 0; left--) {
      const change = CHANGES[Math.floor(random() * CHANGES.length)] ?? moveFraming;
      text = change(text, random, any());
    }
    const raw_b64 = Buffer.from(text, "latin1").toString("base64");
    return { id: `mutant-${at}`, raw_b64, must: "safe", max_requests: REQUESTS_MAX };
  });
}

/** A line that frames content goes to where another line begins. */
function moveFraming(text: string, random: Random): string {
  const lines = text.split("\r\n");
  const from = lines.findIndex((line) => /^(content-length|transfer-encoding):/i.test(line));
  if (from < 0) return text;
  const [line = ""] = lines.splice(from, 1);
  lines.splice(Math.floor(random() * lines.length), 0, line);
  return lines.join("\r\n");
}

function replace(text: string, at: number, count: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + count);
}

function placeIn(text: string, random: Random): number {
  return Math.floor(random() * text.length);
}

function byteOf(random: Random): string {
  return BYTES[Math.floor(random() * BYTES.length)] ?? "\0";
}
