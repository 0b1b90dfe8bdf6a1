/**
 * The request line (RFC 9112, section 3): method SP target SP version, one space each.
 * authority-form, and with it CONNECT, is not supported: its method is refused.
 */
import { isAuthority } from "./authority.ts";
import { asciiBytes, CR, equalsFolded, IS_TARGET, IS_TOKEN, isDigit, LF, SP } from "./characters.ts";
import { FAULTS } from "./fault.ts";
import { type Head, TargetForm } from "./head.ts";
import type { CodecLimits } from "./limits.ts";
import { INCOMPLETE, refuse } from "./line-step.ts";
import { Method, methodOf } from "./method.ts";

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const QUESTION = 0x3f;
const HASH = 0x23;
const DOT = 0x2e;
const HTTP_SCHEME = asciiBytes("http://");
const HTTP_NAME = asciiBytes("HTTP/");
/** `HTTP/1.1` CR LF. */
const VERSION_BYTES = 10;

export function readRequestLine(head: Head, start: number, limit: number, limits: CodecLimits): number {
  const { bytes } = head;
  let at = start;
  while (at < limit && IS_TOKEN[bytes[at]!] === 1) at++;
  if (at - start > limits.methodBytesMax) return refuse(head, FAULTS["method-unsupported"]);
  if (at === limit) return INCOMPLETE;
  if (bytes[at] !== SP || at === start) {
    return refuse(head, bytes[at] === LF || bytes[at] === SP ? FAULTS["request-line"] : FAULTS.method);
  }
  head.start = start;
  head.methodEnd = at;

  const target = at + 1;
  at = target;
  while (at < limit && IS_TARGET[bytes[at]!] === 1) at++;
  if (at - target > limits.targetBytesMax) return refuse(head, FAULTS["target-long"]);
  if (at === limit) return INCOMPLETE;
  if (at === target || bytes[at] === CR || bytes[at] === LF) return refuse(head, FAULTS["request-line"]);
  if (bytes[at] !== SP) return refuse(head, FAULTS.target);
  head.targetStart = target;
  head.targetEnd = at;

  const next = readVersion(head, at + 1, limit);
  if (next < 0 || bytes[next] !== CR) return next < 0 ? next : refuse(head, FAULTS.version);
  if (bytes[next + 1] !== LF) return refuse(head, FAULTS["line-end"]);
  const method = methodOf(bytes, start, head.methodEnd);
  if (method === undefined || method === Method.connect || method === Method.pri) {
    return refuse(head, FAULTS["method-unsupported"]);
  }
  head.method = method;
  return readTarget(head) ? next + 2 : refuse(head, FAULTS.target);
}

/** Position behind `HTTP/1.1` or `HTTP/1.0`; at least two more bytes are there then. */
export function readVersion(head: Head, start: number, limit: number): number {
  const { bytes } = head;
  for (let index = 0; index < HTTP_NAME.length; index++) {
    if (start + index >= limit) return INCOMPLETE;
    if (bytes[start + index] !== HTTP_NAME[index]) return refuse(head, FAULTS.version);
  }
  if (start + VERSION_BYTES > limit) return INCOMPLETE;
  const at = start + HTTP_NAME.length;
  const minor = bytes[at + 2]!;
  if (!isDigit(bytes[at]!) || bytes[at + 1] !== DOT || !isDigit(minor)) return refuse(head, FAULTS.version);
  if (isDigit(bytes[at + 3]!)) return refuse(head, FAULTS.version);
  if (bytes[at] !== 0x31 || minor > 0x31) return refuse(head, FAULTS["version-unsupported"]);
  head.minor = minor - 0x30;
  return at + 3;
}

/** Finds form, authority and path of the target; false where it has no valid form. */
function readTarget(head: Head): boolean {
  const { bytes, targetStart, targetEnd } = head;
  const first = bytes[targetStart];
  head.pathStart = targetStart;
  head.pathEnd = targetEnd;
  if (first === SLASH) {
    head.targetForm = TargetForm.origin;
    return true;
  }
  if (first === ASTERISK) {
    head.targetForm = TargetForm.asterisk;
    return targetEnd === targetStart + 1 && head.method === Method.options;
  }
  const authority = targetStart + HTTP_SCHEME.length;
  if (targetEnd <= authority || !equalsFolded(bytes, targetStart, authority, HTTP_SCHEME)) return false;
  let at = authority;
  while (at < targetEnd && bytes[at] !== SLASH && bytes[at] !== QUESTION && bytes[at] !== HASH) at++;
  head.targetForm = TargetForm.absolute;
  head.authorityStart = authority;
  head.authorityEnd = at;
  head.pathStart = at;
  return isAuthority(bytes, authority, at);
}
