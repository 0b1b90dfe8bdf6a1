/** sprintf. */
import { formatText } from "../text/format";
import { ARRAY, STRING } from "../value/value";
import { expectKind } from "./operands";

export function sprintf(format: usize, values: usize): usize {
  if (!expectKind("sprintf", 1, format, STRING) || !expectKind("sprintf", 2, values, ARRAY)) return 0;
  return formatText(format, values);
}
