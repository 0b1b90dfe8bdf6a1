/** The certificates that were taken back, as they are kept: what is not kept is not taken back. */
import { REVOKED_MAX } from "@regomesh/protocol";
import { addRevocation, livingRevocations, type Revocation } from "../../ca/revocations.ts";
import { change, type Lease, StoreError } from "../../store/store.ts";
import { readRequired } from "../store/read-kept.ts";
import { BACKDATE_MS } from "./authority.ts";

const KEY = "ca/revoked.json";

/** What is taken back: one certificate, or all that a workload of the mesh has been issued. */
export type Revoking =
  | { readonly kind: "serial"; readonly serial: string }
  | { readonly kind: "workload"; readonly workload: string; readonly principal: string };

export class RevokedList {
  readonly #lease: Lease;
  #list: readonly Revocation[];
  #last: Promise<unknown> = Promise.resolve();

  private constructor(lease: Lease, list: readonly Revocation[]) {
    this.#lease = lease;
    this.#list = list;
  }

  /** Throws StoreError, also where the list is damaged: who was on it would be let in again. */
  static async open(lease: Lease, nowMs: number): Promise<RevokedList> {
    const list = (await readRequired(lease, KEY, isList, "what was taken back must be taken back anew then")) ?? [];
    return new RevokedList(lease, livingRevocations(list, nowMs));
  }

  get list(): readonly Revocation[] {
    return this.#list;
  }

  /** Takes back what was issued so far; `ttlMs`: the longest time that a certificate of now may have. Throws StoreError. */
  async add(revoking: Revoking, ttlMs: number, nowMs: number): Promise<Revocation> {
    // Certificates count whole seconds, and begin before they are issued.
    const beginsBeforeMs = Math.floor((nowMs - BACKDATE_MS) / 1000) * 1000 + 1000;
    const what = revoking.kind === "serial" ? revoking : { ...revoking, beginsBeforeMs };
    const added: Revocation = { ...what, atMs: nowMs, untilMs: nowMs + ttlMs };
    const turn = this.#last.then(() => this.#add(added, nowMs));
    this.#last = turn.catch(() => {});
    await turn;
    return added;
  }

  /** Forgets those whose time is over; true where there were any. */
  expire(nowMs: number): boolean {
    const living = livingRevocations(this.#list, nowMs);
    const isChanged = living !== this.#list;
    this.#list = living;
    return isChanged;
  }

  /** One after the other: of two that come at once, the second is added to what the first has made. */
  async #add(added: Revocation, nowMs: number): Promise<void> {
    const next = addRevocation(livingRevocations(this.#list, nowMs), added);
    if (next.length > REVOKED_MAX)
      throw new StoreError("refused", `${KEY} holds ${REVOKED_MAX} certificates that are taken back already`);
    await change(this.#lease, KEY, () => new TextEncoder().encode(`${JSON.stringify(next)}\n`));
    this.#list = next;
  }
}

function isList(value: unknown): value is readonly Revocation[] {
  return Array.isArray(value) && value.every(isRevocation);
}

function isRevocation(value: unknown): value is Revocation {
  const one = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof one["atMs"] !== "number" || typeof one["untilMs"] !== "number") return false;
  if (one["kind"] === "serial") return typeof one["serial"] === "string";
  return (
    [one["workload"], one["principal"]].every((each) => typeof each === "string") &&
    typeof one["beginsBeforeMs"] === "number"
  );
}
