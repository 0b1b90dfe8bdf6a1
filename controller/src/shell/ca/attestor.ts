/** What operators do with identities: tokens to join with, who has which certificate, and another one now. */
import { X509Certificate } from "node:crypto";
import type { Log } from "@regomesh/base";
import type { JoinTokenFile } from "@regomesh/protocol";
import type { IdentitiesBody, TokenBody } from "../../api/identities.ts";
import type { Distributor } from "../grpc/distributor.ts";
import type { Authority } from "./authority.ts";
import type { JoinTokens } from "./join-tokens.ts";

export type AttestorOptions = {
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  readonly distributor: Distributor;
  readonly svidTtlMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
};

/** `workload`: `namespace/name`. */
export type TokenWish = {
  readonly workload: string;
  readonly ttlMs: number;
  readonly uses: number;
  readonly isBrief?: boolean;
};

export class Attestor {
  readonly #options: AttestorOptions;

  constructor(options: AttestorOptions) {
    this.#options = options;
  }

  /** A token with what a proxy joins by; a text where the mesh has no such workload. Throws StoreError. */
  async createToken({ workload, ...wish }: TokenWish): Promise<(TokenBody & { file: JoinTokenFile }) | string> {
    const { authority, tokens, distributor, nowMs, log } = this.#options;
    const spiffeId = distributor.wanted(workload)?.principal;
    if (spiffeId === undefined) return this.#noWorkload(workload);
    const { token, ...facts } = await tokens.create({ spiffeId, workload, ...wish }, nowMs());
    log.log("info", "a join token was made", { id: facts.id, workload, uses: wish.uses });
    return { ...facts, file: { token, spiffeId, caPem: authority.bundlePem } };
  }

  async tokens(): Promise<readonly TokenBody[]> {
    const { tokens, nowMs } = this.#options;
    return await tokens.list(nowMs());
  }

  /** The token that went; a text where no one token has such an id. Throws StoreError. */
  async revokeToken(id: string): Promise<TokenBody | string> {
    const { tokens, nowMs, log } = this.#options;
    const [gone, ...more] = await tokens.revoke(id, nowMs());
    if (gone === undefined) return `there is no join token ${id}`;
    if (more.length > 0) return `${more.length + 1} join tokens begin with ${id}`;
    log.log("warn", "a join token was taken back", { id: gone.id, workload: gone.workload });
    return gone;
  }

  identities(): IdentitiesBody {
    const { authority, distributor, svidTtlMs } = this.#options;
    const root = new X509Certificate(authority.bundlePem);
    return {
      trustDomain: authority.trustDomain,
      rootFingerprint: root.fingerprint256,
      rootNotAfterMs: root.validToDate.getTime(),
      svidTtlMs,
      proxies: distributor.identities(),
    };
  }

  /** Has connected proxies take another key and certificate: of a workload, or all. Those that were told; a text where there is no such workload. */
  rotate(workload: string | undefined): IdentitiesBody["proxies"] | string {
    const { distributor, log } = this.#options;
    if (workload !== undefined && distributor.wanted(workload) === undefined) return this.#noWorkload(workload);
    log.log("warn", "proxies are to take another identity", { workload: workload ?? "all" });
    return distributor.renew(workload);
  }

  #noWorkload(workload: string): string {
    const names = (this.#options.distributor.plan?.workloads ?? []).map(
      ({ namespace, name }) => `${namespace}/${name}`,
    );
    const known = names.length > 0 && names.length <= NAMES_SHOWN ? `: it has ${names.sort().join(", ")}` : "";
    return `the mesh has no workload ${workload.slice(0, NAME_LENGTH_MAX)}${known}`;
  }
}

/** Of a mesh that is larger nobody reads the list. */
const NAMES_SHOWN = 12;
const NAME_LENGTH_MAX = 253;
