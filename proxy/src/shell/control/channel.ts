/** Channels to the controller, held to the mesh's root and to the controller's own name. */

import { CONTROLLER_SERVER_NAME, IdentityService, type IssueReply } from "@regomesh/protocol";
import { GrpcStatus } from "../../grpc/status.ts";
import type { Identity } from "../net/tls.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import { GrpcError } from "./grpc-error.ts";

const ISSUE_TIMEOUT_MS = 5000;

function openChannel(address: string, rootPem: string, identity: Identity | undefined): GrpcChannel {
  const { keyPem, chainPem } = identity ?? {};
  return new GrpcChannel({ address, serverName: CONTROLLER_SERVER_NAME, rootPem, keyPem, chainPem });
}

export function openControl(address: string, identity: Identity): GrpcChannel {
  return openChannel(address, identity.bundlePem, identity);
}

export type Asking = {
  readonly address: string;
  readonly rootPem: string;
  readonly csrDer: Buffer;
  /** Proves who asks; undefined: the token does. */
  readonly identity: Identity | undefined;
  readonly joinToken: string;
};

/** Asks for an SVID once; rejects with what the controller, or the way to it, said. */
export async function issue({ address, rootPem, csrDer, identity, joinToken }: Asking): Promise<IssueReply> {
  const channel = openChannel(address, rootPem, identity);
  const answer = Promise.withResolvers<IssueReply>();
  const late = new GrpcError(GrpcStatus.deadlineExceeded, "the controller did not answer in time");
  const timer = setTimeout(() => answer.reject(late), ISSUE_TIMEOUT_MS);
  const ask = (): void => {
    let reply: IssueReply | undefined;
    const call = channel.call(IdentityService.issue, {
      onMessage: (message) => {
        reply = message;
      },
      onEnd: (error) => {
        if (error !== undefined) answer.reject(error);
        else if (reply !== undefined) answer.resolve(reply);
        else answer.reject(new GrpcError(GrpcStatus.internal, "the controller gave no reply"));
      },
    });
    call.write({ csrDer, joinToken });
    call.end();
  };
  channel.ready.then(ask).catch((error: unknown) => answer.reject(error));
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}
