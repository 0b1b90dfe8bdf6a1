/** The names of what is sent: sha256, hex. */
import { createHash, hash } from "node:crypto";

/** Of a snapshot's canonical body, of an envelope, of any content that is text. */
export function snapshotHash(text: string): string {
  return hash("sha256", text);
}

/** Of a content that is bytes. */
export function contentHash(bytes: Uint8Array): string {
  return hash("sha256", bytes);
}

/** Of a module: over its bytes and its data document. */
export function moduleHash(wasm: Uint8Array, data: string | Uint8Array): string {
  return createHash("sha256").update(wasm).update(data).digest("hex");
}
