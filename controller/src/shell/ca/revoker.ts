/** Takes certificates back: keeps it, then tells every proxy. */
import type { Log } from "@regomesh/base";
import { parseSerial } from "@regomesh/protocol";
import type { RevocationBody } from "../../api/status.ts";
import { type Revocation, toRevoked } from "../../ca/revocations.ts";
import type { Distributor } from "../grpc/distributor.ts";
import type { RevokedList, Revoking } from "./revoked-list.ts";

export type RevokerOptions = {
  readonly list: RevokedList;
  readonly distributor: Distributor;
  /** The longest of certificates, those of earlier runs among them. */
  readonly ttlMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
};

export class Revoker {
  readonly #options: RevokerOptions;

  constructor(options: RevokerOptions) {
    this.#options = options;
    this.#tell();
  }

  get list(): readonly RevocationBody[] {
    return this.#options.list.list.map(toBody);
  }

  /** By serial number, or by workload (`namespace/name`); a text where there is no such thing. Throws StoreError. */
  async revoke({
    serial,
    workload,
  }: {
    readonly serial?: string;
    readonly workload?: string;
  }): Promise<RevocationBody | string> {
    const { list, ttlMs, nowMs, log } = this.#options;
    const revoking = workload === undefined ? this.#bySerial(serial ?? "") : this.#byWorkload(workload);
    if (typeof revoking === "string") return revoking;
    const added = toBody(await list.add(revoking, ttlMs, nowMs()));
    log.log("warn", "certificates are taken back", { serial: added.serial, workload: added.workload });
    this.#tell();
    return added;
  }

  /** Forgets those whose certificates have ended by now. */
  expire(): void {
    if (this.#options.list.expire(this.#options.nowMs())) this.#tell();
  }

  #bySerial(text: string): Revoking | string {
    const serial = parseSerial(text);
    return serial === undefined ? "a serial number is hexadecimal, twenty octets at most" : { kind: "serial", serial };
  }

  #byWorkload(workload: string): Revoking | string {
    const principal = this.#options.distributor.wanted(workload)?.principal;
    if (principal !== undefined) return { kind: "workload", workload, principal };
    return `the mesh has no workload ${workload}: what one had that was removed is refused by everybody already`;
  }

  #tell(): void {
    this.#options.distributor.revoke(toRevoked(this.#options.list.list));
  }
}

function toBody(each: Revocation): RevocationBody {
  const { atMs, untilMs } = each;
  return each.kind === "serial" ? { serial: each.serial, atMs, untilMs } : { workload: each.workload, atMs, untilMs };
}
