/** Identity.Issue: an SVID for a join token, or for the SVID that the connection shows. */
import { X509Certificate } from "node:crypto";
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { Clock, Log } from "@regomesh/base";
import type { IdentityServer, IssueReply, IssueRequest, ShownCertificate } from "@regomesh/protocol";
import type { Csr } from "../../ca/csr.ts";
import { type Authority, AuthorityError, readCsr } from "../ca/authority.ts";
import type { Joining, JoinTokens } from "../ca/join-tokens.ts";
import type { JoinTokenFiles } from "../join-token-files.ts";
import { isWebToken } from "../kubernetes/token-review.ts";
import { peerOf } from "./caller.ts";
import { makeFailure } from "./failure.ts";

/** Of a ServiceAccount's token: some 1.2 KB. */
const TOKEN_LENGTH_MAX = 8192;

export type IdentityOptions = {
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  readonly svidTtlMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a workload, `namespace/name`, or any with this SPIFFE ID is still part of the mesh: others are not renewed. */
  readonly isMember: (spiffeId: string, workload: string | undefined) => boolean;
  /** What was taken back with a certificate; undefined where it is good. */
  readonly revokedOf: (certificate: ShownCertificate) => string | undefined;
  /** Whether anything was taken back since that may be what was issued then. */
  readonly isTakenBackSince: (joining: Joining, sinceMs: number) => boolean;
  /** Who a web token is, in a cluster: the workload, or why nobody. Rejects where the cluster does not answer. */
  readonly review?: (token: string) => Promise<{ readonly workload: string } | { readonly fault: string }>;
  /** The principal of a workload of the mesh. */
  readonly principalOf?: (workload: string) => string | undefined;
  /** Told who was given an identity, and which token let nobody in. */
  readonly files: JoinTokenFiles;
};

export function makeIdentityServer(options: IdentityOptions): IdentityServer {
  return {
    issue(call: ServerUnaryCall<IssueRequest, IssueReply>, reply: sendUnaryData<IssueReply>) {
      issue(call, options).then(
        (issued) => reply(null, issued),
        (error: unknown) => {
          if (error instanceof AuthorityError) reply(makeFailure("invalid", error.message));
          else if ((error as { details?: string }).details !== undefined) reply(error as Error);
          else {
            options.log.log("error", "an SVID could not be issued", { error: (error as Error).message });
            reply(makeFailure("unavailable", "the authority failed"));
          }
        },
      );
    },
  };
}

async function issue(call: ServerUnaryCall<IssueRequest, IssueReply>, options: IdentityOptions): Promise<IssueReply> {
  const { authority, svidTtlMs, clock, log } = options;
  const nowMs = clock.nowMs();
  const { csrDer, joinToken } = call.request;
  const csr = readCsr(csrDer);
  const joining = joinToken === "" ? renewed(call, options, nowMs) : await joined(joinToken, csr, options, nowMs);
  const { spiffeId } = joining;
  const { chainPem, notAfterMs } = authority.issueSvid(csr, joining, svidTtlMs, nowMs);
  // Certificates count whole seconds: one of the second in which the workload's were taken back counts as they do.
  const issued = authority.peerOf(new X509Certificate(chainPem).raw, nowMs);
  if (issued !== undefined && options.revokedOf(issued) !== undefined)
    throw makeFailure("unavailable", "what this workload had was taken back this second: ask again");
  options.files.issued(joining, notAfterMs);
  log.log("info", joinToken === "" ? "SVID renewed" : "SVID issued", { spiffeId, notAfterMs });
  return {
    certificateChainPem: chainPem,
    trustBundlePem: authority.bundlePem,
    spiffeId,
    notAfterMs,
  };
}

function renewed(call: ServerUnaryCall<IssueRequest, IssueReply>, options: IdentityOptions, nowMs: number): Joining {
  const peer = peerOf(call, options.authority, nowMs);
  if (peer === undefined) throw makeFailure("unauthenticated", "neither a join token nor an SVID that is good now");
  const { principal, workload } = peer;
  const revoked = options.revokedOf(peer);
  if (revoked !== undefined) throw makeFailure("forbidden", `${revoked} was taken back`);
  const joining = workload === undefined ? { spiffeId: principal } : { spiffeId: principal, workload };
  requireMember(joining, options);
  return joining;
}

function requireMember({ spiffeId, workload }: Joining, { isMember }: IdentityOptions): void {
  if (!isMember(spiffeId, workload))
    throw makeFailure("forbidden", `${workload ?? spiffeId} is no workload of this mesh`);
}

/** By the cluster's word. What is refused now may be right when the Pod is known here: it is asked again. */
async function reviewed(
  token: string,
  review: NonNullable<IdentityOptions["review"]>,
  { log, principalOf }: IdentityOptions,
): Promise<Joining> {
  const found = await review(token).catch((error: Error) => {
    throw makeFailure("unavailable", `nobody can say whose token that is: ${error.message}`);
  });
  if ("fault" in found) {
    log.log("warn", "a ServiceAccount's token was refused", { reason: found.fault });
    throw makeFailure("unavailable", found.fault);
  }
  const { workload } = found;
  const spiffeId = principalOf?.(workload);
  if (spiffeId === undefined) throw makeFailure("unavailable", `${workload} is no workload of this mesh yet`);
  return { spiffeId, workload };
}

async function joined(token: string, csr: Csr, options: IdentityOptions, nowMs: number): Promise<Joining> {
  if (token.length > TOKEN_LENGTH_MAX) throw makeFailure("invalid", "the join token is too long");
  if (options.review !== undefined && isWebToken(token)) return await reviewed(token, options.review, options);
  const redeemed = await options.tokens.redeem(token, csr.publicKey, nowMs);
  if ("fault" in redeemed) {
    options.log.log("warn", "a join token was refused", { reason: redeemed.fault });
    options.files.refused(token);
    throw makeFailure("unauthenticated", redeemed.fault);
  }
  const { firstMs, ...joining } = redeemed;
  // Whoever holds the token and the key of what was taken back would have it again.
  if (firstMs !== undefined && options.isTakenBackSince(joining, firstMs))
    throw makeFailure(
      "unauthenticated",
      "the join token was used by this key, and what was issued then was taken back: another token is needed",
    );
  requireMember(joining, options);
  return joining;
}
