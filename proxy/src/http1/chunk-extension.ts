/**
 * Grammar of chunk extensions (RFC 9112, section 7.1.1) as a state machine by byte:
 *
 *     chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
 */
import { CR, HTAB, IS_TOKEN, IS_VALUE, SP } from "./characters.ts";

export const ChunkExtension = {
  /** White space before a semicolon. */
  before: 0,
  nameStart: 1,
  name: 2,
  /** White space behind a name: an equals sign or a semicolon follows. */
  nameEnd: 3,
  valueStart: 4,
  token: 5,
  quoted: 6,
  quotedPair: 7,
  /** Behind the closing quote. */
  quotedEnd: 8,
  /** The line's CR. */
  ended: 9,
  fault: 10,
} as const;
export type ChunkExtension = (typeof ChunkExtension)[keyof typeof ChunkExtension];

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function extensionStep(state: ChunkExtension, byte: number): ChunkExtension {
  const isBlank = byte === SP || byte === HTAB;
  switch (state) {
    case ChunkExtension.before:
      return isBlank ? state : byte === SEMICOLON ? ChunkExtension.nameStart : ChunkExtension.fault;
    case ChunkExtension.nameStart:
      if (isBlank) return state;
      return IS_TOKEN[byte] === 1 ? ChunkExtension.name : ChunkExtension.fault;
    case ChunkExtension.name:
      if (IS_TOKEN[byte] === 1) return state;
      if (byte === CR) return ChunkExtension.ended;
      return isBlank ? ChunkExtension.nameEnd : behindName(byte);
    case ChunkExtension.nameEnd:
      return isBlank ? state : behindName(byte);
    case ChunkExtension.valueStart:
      if (isBlank) return state;
      if (byte === QUOTE) return ChunkExtension.quoted;
      return IS_TOKEN[byte] === 1 ? ChunkExtension.token : ChunkExtension.fault;
    case ChunkExtension.token:
      if (IS_TOKEN[byte] === 1) return state;
      return behindValue(byte, isBlank);
    case ChunkExtension.quoted:
      if (byte === QUOTE) return ChunkExtension.quotedEnd;
      if (byte === BACKSLASH) return ChunkExtension.quotedPair;
      return IS_VALUE[byte] === 1 ? state : ChunkExtension.fault;
    case ChunkExtension.quotedPair:
      return IS_VALUE[byte] === 1 ? ChunkExtension.quoted : ChunkExtension.fault;
    case ChunkExtension.quotedEnd:
      return behindValue(byte, isBlank);
    case ChunkExtension.ended:
    case ChunkExtension.fault:
      return ChunkExtension.fault;
  }
}

function behindName(byte: number): ChunkExtension {
  if (byte === EQUALS) return ChunkExtension.valueStart;
  return byte === SEMICOLON ? ChunkExtension.nameStart : ChunkExtension.fault;
}

function behindValue(byte: number, isBlank: boolean): ChunkExtension {
  if (byte === CR) return ChunkExtension.ended;
  if (byte === SEMICOLON) return ChunkExtension.nameStart;
  return isBlank ? ChunkExtension.before : ChunkExtension.fault;
}
