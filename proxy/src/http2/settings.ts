/** SETTINGS (RFC 9113, section 6.5; RFC 8441). */
import { ErrorCode } from "./error-code.ts";
import { FRAME_BYTES_LEAST, FRAME_BYTES_MOST, readUint32, writeUint32 } from "./frame.ts";

export const SettingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

export const SETTING_BYTES = 6;
export const WINDOW_MAX = 0x7fffffff;
/** Both sides' windows before anything is said. */
export const WINDOW_AT_FIRST = 65_535;
/**
 * Streams that we begin before the other end has said how many it takes: what RFC 9113, section
 * 6.5.2, asks it to take at least, and what nghttp2 and Go begin.
 */
export const STREAMS_AT_FIRST = 100;

/** What a peer has said, or what holds until it does. */
export type PeerSettings = {
  headerTableSize: number;
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  maxHeaderListSize: number;
  enableConnectProtocol: boolean;
};

export function defaultSettings(): PeerSettings {
  return {
    headerTableSize: 4096,
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
    initialWindowSize: WINDOW_AT_FIRST,
    maxFrameSize: FRAME_BYTES_LEAST,
    maxHeaderListSize: Number.POSITIVE_INFINITY,
    enableConnectProtocol: false,
  };
}

/** Applies the settings of a payload in their order; a connection error's code, or undefined. `byServer`: sent by one. */
export function applySettings(
  settings: PeerSettings,
  bytes: Uint8Array,
  start: number,
  end: number,
  byServer: boolean,
): ErrorCode | undefined {
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    switch (id) {
      case SettingId.headerTableSize:
        settings.headerTableSize = value;
        break;
      case SettingId.enablePush:
        if (value > 1 || (byServer && value === 1)) return ErrorCode.protocolError;
        break;
      case SettingId.maxConcurrentStreams:
        settings.maxConcurrentStreams = value;
        break;
      case SettingId.initialWindowSize:
        if (value > WINDOW_MAX) return ErrorCode.flowControlError;
        settings.initialWindowSize = value;
        break;
      case SettingId.maxFrameSize:
        if (value < FRAME_BYTES_LEAST || value > FRAME_BYTES_MOST) return ErrorCode.protocolError;
        settings.maxFrameSize = value;
        break;
      case SettingId.maxHeaderListSize:
        settings.maxHeaderListSize = value;
        break;
      case SettingId.enableConnectProtocol:
        // Once it is there it is not taken back (RFC 8441, section 3).
        if (value > 1 || (settings.enableConnectProtocol && value === 0)) return ErrorCode.protocolError;
        settings.enableConnectProtocol = value === 1;
        break;
      default: // unknown settings are ignored
    }
  }
  return undefined;
}

export type Setting = readonly [id: number, value: number];

/** A payload's bytes. */
export function encodeSettings(settings: readonly Setting[]): Uint8Array {
  const bytes = new Uint8Array(settings.length * SETTING_BYTES);
  settings.forEach(([id, value], i) => {
    bytes[i * SETTING_BYTES] = id >>> 8;
    bytes[i * SETTING_BYTES + 1] = id;
    writeUint32(bytes, i * SETTING_BYTES + 2, value);
  });
  return bytes;
}
