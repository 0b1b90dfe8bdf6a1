/** Identities as the controller gives them, for proxies that a measurement makes many of. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCsr } from "../../test/make-csr.ts";
import { Authority, readCsr } from "../shell/ca/authority.ts";
import type { Lease } from "../store/store.ts";

export type TestIdentity = { readonly keyPem: string; readonly chainPem: string; readonly caPem: string };

/** Identities by the authority of a controller's state folder, as its Identity service gives them, without its tokens. */
export async function issueIdentities(
  state: string,
  trustDomain: string,
  wanted: readonly { readonly workload: string; readonly spiffeId: string }[],
): Promise<readonly TestIdentity[]> {
  const nowMs = Date.now();
  const authority = await Authority.open(readingOf(state), trustDomain, nowMs);
  return wanted.map((joining) => {
    const { der, keyPem } = makeCsr();
    const { chainPem } = authority.issueSvid(readCsr(der), joining, 86_400_000, nowMs);
    return { keyPem, chainPem, caPem: authority.bundlePem };
  });
}

/** The files of a folder that a running controller has the lease of: nothing is written. */
function readingOf(folder: string): Lease {
  const refuse = () => Promise.reject(new Error("this lease is for reading alone"));
  return {
    epoch: 0,
    get: async (key) => {
      const value = await readFile(join(folder, key)).catch(() => undefined);
      return value === undefined ? undefined : { value, version: "" };
    },
    before: async () => undefined,
    watch: () => {},
    compareAndSet: refuse,
    sync: refuse,
    prove: refuse,
    list: refuse,
    remove: refuse,
    end: () => Promise.resolve(),
  };
}
