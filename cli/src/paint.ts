/** Colour for a terminal, and only there: never the only carrier of a meaning. */
import type { Io } from "./command.ts";
import type { Color } from "./flags.ts";

export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
};

/** `--color` (always, never, auto) wins, then NO_COLOR, then whether the output is a terminal. */
export function makePaint(io: Io, flag: Color = "auto"): Paint {
  const isOn = flag === "always" || (flag === "auto" && (io.env("NO_COLOR") ?? "") === "" && io.isTerminal);
  const code = (open: number, close: number) => (text: string) => (isOn ? `\x1b[${open}m${text}\x1b[${close}m` : text);
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    cyan: code(36, 39),
  };
}
