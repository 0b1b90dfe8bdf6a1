/** Number literals as Go's parsers take them: `+1`, `.5`, `5.`, `007` besides JSON's. */
import { burn } from "../failure";
import { alloc } from "../memory";

/** Length of what `tidyLiteral` gave. */
export let literalLength: i32 = 0;

export function setLiteralLength(length: i32): void {
  literalLength = length;
}

/** The literal in JSON's grammar (a copy), or 0 where the text is none. */
export function tidyLiteral(ptr: usize, length: i32): usize {
  if (length > 32) burn(length >> 4);
  const target = alloc(<usize>length + 3);
  const end = ptr + <usize>length;
  let at = ptr;
  let to = target;
  if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) {
    if (load<u8>(at) == 0x2d) store<u8>(to++, 0x2d);
    at++;
  }
  const whole = at;
  while (at < end && isDigit(at)) at++;
  const wholeEnd = at;
  let fraction = at;
  if (at < end && load<u8>(at) == 0x2e) {
    fraction = ++at;
    while (at < end && isDigit(at)) at++;
  }
  const fractionEnd = at;
  if (wholeEnd == whole && fractionEnd == fraction) return 0;
  let from = whole;
  while (from + 1 < wholeEnd && load<u8>(from) == 0x30) from++;
  if (from == wholeEnd) store<u8>(to++, 0x30);
  to = copy(to, from, wholeEnd);
  if (fractionEnd > fraction) {
    store<u8>(to++, 0x2e);
    to = copy(to, fraction, fractionEnd);
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    store<u8>(to++, 0x65);
    at++;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) store<u8>(to++, load<u8>(at++));
    const digits = at;
    while (at < end && isDigit(at)) at++;
    if (at == digits) return 0;
    to = copy(to, digits, at);
  }
  if (at != end) return 0;
  literalLength = <i32>(to - target);
  return target;
}

function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - 0x30 <= 9;
}

function copy(to: usize, from: usize, end: usize): usize {
  memory.copy(to, from, end - from);
  return to + (end - from);
}
