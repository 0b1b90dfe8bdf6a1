/**
 * The status line (RFC 9112, section 4): version SP status SP reason. The second space may
 * be absent with an empty reason, as many servers leave it out, and a bare LF may end the line;
 * a status of a class that nobody has defined (600 and above) passes as it is. Any other
 * deviation is refused.
 */
import { CR, IS_VALUE, isDigit, LF, SP } from "./characters.ts";
import { FAULTS } from "./fault.ts";
import type { Head } from "./head.ts";
import { INCOMPLETE, refuse } from "./line-step.ts";
import { readVersion } from "./request-line.ts";

const STATUS_DIGITS = 3;

export function readStatusLine(head: Head, start: number, limit: number): number {
  const { bytes } = head;
  head.start = start;
  let at = readVersion(head, start, limit);
  if (at < 0) return at;
  if (bytes[at] !== SP) return refuse(head, FAULTS.version);
  at++;
  if (at + STATUS_DIGITS >= limit) return INCOMPLETE;
  let status = 0;
  for (const last = at + STATUS_DIGITS; at < last; at++) {
    if (!isDigit(bytes[at]!)) return refuse(head, FAULTS["status-line"]);
    status = status * 10 + (bytes[at]! - 0x30);
  }
  if (status < 100) return refuse(head, FAULTS["status-line"]);
  head.status = status;
  if (bytes[at] === SP) at++;
  else if (bytes[at] !== CR && bytes[at] !== LF) return refuse(head, FAULTS["status-line"]);
  head.reasonStart = at;
  while (at < limit && IS_VALUE[bytes[at]!] === 1) at++;
  if (at === limit) return INCOMPLETE;
  if (bytes[at] === LF) {
    head.isLoose = true;
    head.reasonEnd = at;
    return at + 1;
  }
  if (bytes[at] !== CR) return refuse(head, FAULTS["status-line"]);
  if (at + 1 === limit) return INCOMPLETE;
  if (bytes[at + 1] !== LF) return refuse(head, FAULTS["line-end"]);
  head.reasonEnd = at;
  return at + 2;
}
