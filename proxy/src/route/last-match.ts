/** The service of the authority that was asked for last: most requests name the same one again, which is compared, not looked up. */

import { textOf } from "../http1/characters.ts";
import { copyBytes } from "../http1/copy-bytes.ts";
import type { Cluster } from "./cluster.ts";
import { matchAuthority, type ServiceTable } from "./service-table.ts";

/** Longer authorities are looked up each time. */
const KEPT_BYTES_MAX = 256;

export class LastMatch {
  readonly #bytes = new Uint8Array(KEPT_BYTES_MAX);
  #length = -1;
  #table: ServiceTable | undefined = undefined;
  #cluster: Cluster | undefined = undefined;

  /** As `matchAuthority`, of bytes[start, end). */
  match(table: ServiceTable, bytes: Uint8Array, start: number, end: number): Cluster | undefined {
    if (table === this.#table && this.#isSame(bytes, start, end)) return this.#cluster;
    const cluster = matchAuthority(table, textOf(bytes, start, end));
    if (cluster !== undefined && end - start <= KEPT_BYTES_MAX) {
      copyBytes(this.#bytes, 0, bytes, start, end);
      this.#length = end - start;
      this.#table = table;
      this.#cluster = cluster;
    }
    return cluster;
  }

  #isSame(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.#length) return false;
    for (let at = start; at < end; at++) if (bytes[at] !== this.#bytes[at - start]) return false;
    return true;
  }
}
