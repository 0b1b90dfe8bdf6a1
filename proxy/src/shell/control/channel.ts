/** One channel to the controller, held to the mesh's root and to the controller's own name. */
import { type ClientOptions, credentials, Metadata } from "@grpc/grpc-js";
import { CONTROLLER_SERVER_NAME, ControlClient, IdentityClient, type IssueReply } from "@regomesh/protocol";
import type { Identity } from "../net/tls.ts";

/** A snapshot with its modules: some megabytes for a large mesh. */
const RECEIVE_BYTES_MAX = 256 * 1024 * 1024;
const ISSUE_TIMEOUT_MS = 5000;

const OPTIONS: ClientOptions = {
  "grpc.ssl_target_name_override": CONTROLLER_SERVER_NAME,
  "grpc.default_authority": CONTROLLER_SERVER_NAME,
  "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
  // Retries of a stream that lives for days would only keep its messages in memory.
  "grpc.enable_retries": 0,
  "grpc.keepalive_time_ms": 5000,
  "grpc.keepalive_timeout_ms": 3000,
  "grpc.use_local_subchannel_pool": 1,
};

/**
 * For a channel that asks once: whoever asks again opens another. Left to itself, one that
 * was closed before it had a connection would still make one, and hold it until grpc-js
 * looks for unused ones (every ten seconds); longer than that is never.
 */
const ONCE: ClientOptions = { ...OPTIONS, "grpc.initial_reconnect_backoff_ms": 60_000 };

function makeCredentials(rootPem: string, identity: Identity | undefined) {
  return identity === undefined
    ? credentials.createSsl(Buffer.from(rootPem))
    : credentials.createSsl(Buffer.from(rootPem), Buffer.from(identity.keyPem), Buffer.from(identity.chainPem));
}

export function openControl(address: string, identity: Identity): ControlClient {
  return new ControlClient(address, makeCredentials(identity.bundlePem, identity), OPTIONS);
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
export function issue({ address, rootPem, csrDer, identity, joinToken }: Asking): Promise<IssueReply> {
  const client = new IdentityClient(address, makeCredentials(rootPem, identity), ONCE);
  return new Promise<IssueReply>((done, fail) => {
    const deadline = Date.now() + ISSUE_TIMEOUT_MS;
    client.issue({ csrDer, joinToken }, new Metadata(), { deadline }, (error, reply) =>
      error ? fail(error) : done(reply),
    );
  }).finally(() => client.close());
}
