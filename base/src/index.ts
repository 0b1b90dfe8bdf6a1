export { type HostAndPort, isEveryAddress, splitAddress } from "./address.ts";
export { applyChange, type BodyChange, changeOf, type Fields, type ListKeys } from "./change.ts";
export { clip, copyText } from "./clip.ts";
export type { Clock } from "./clock.ts";
export { type DecodedText, decodeText } from "./decode-text.ts";
export {
  type Diagnostic,
  type DiagnosticRecord,
  hasErrors,
  NO_FILE,
  printDiagnostic,
  printExcerpt,
  printRecord,
  type Severity,
  sortDiagnostics,
  toDiagnosticRecord,
} from "./diagnostic.ts";
export { diskReason, isDiskRefusal } from "./disk.ts";
export { parseDuration } from "./duration.ts";
export { type Facts, type Log, type LogFormat, type LogLevel, makeLog, SILENT } from "./log.ts";
export { isSecretName, MASK, maskTarget, maskValue } from "./mask.ts";
export { familyOf, type IpFamily, type Network, parseNetwork } from "./network.ts";
export { makeRandom, type Random } from "./random.ts";
export {
  type Location,
  type Position,
  positionAt,
  printPlace,
  rowStart,
  rowText,
  type Source,
  type Span,
} from "./source.ts";
