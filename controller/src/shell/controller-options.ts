/** What a controller is started with, as the operator's flags say it. */
import type { Clock, Log } from "@regomesh/base";
import type { Credential } from "../git/remote.ts";
import type { SourceRights } from "../index/rights.ts";
import type { UidRight } from "./ca/unix-attestor.ts";
import type { AccessOptions } from "./kubernetes/access.ts";
import type { AdmissionOptions } from "./kubernetes/admission.ts";
import type { SourcePlace } from "./sources/followed-source.ts";
import type { TellerOptions } from "./telling/teller.ts";

export type ControllerOptions = {
  /** Folder of everything that is kept. */
  readonly state: string;
  readonly git: string;
  /** A cluster in the place of that repository. */
  readonly kubernetes?: AccessOptions & {
    readonly admission?: AdmissionOptions;
    /** Where what is kept is kept, in Secrets; absent: in the folder. */
    readonly stateNamespace?: string;
  };
  readonly branch: string;
  /** A directory of the repository; "" for all of it. */
  readonly path: string;
  /** Which of its paths may speak for which namespaces; empty: all for all. */
  readonly allow: SourceRights;
  /** `HOST:PORT`; port 0 is a free one. */
  readonly http: string;
  readonly grpc: string;
  readonly explainDenials: boolean;
  /** Where `git` is a remote's mirror: the remote, and how it is reached. */
  readonly remote?: NonNullable<SourcePlace["remote"]>;
  /** Sources beside that one, each with what it may speak for. */
  readonly sources?: readonly (SourcePlace & { readonly allow: SourceRights })[];
  /** What addresses of PolicySources are reached with. */
  readonly credentials?: readonly Credential[];
  readonly knownHosts?: string;
  /** Where servers of git say that there is something new, and the file of the secret that they know. */
  readonly webhook?: { readonly address: string; readonly secretFile: string };
  /** Where it is told what becomes of commits, and each place's secret. */
  readonly tells?: TellerOptions["targets"];
  readonly joinTokens: readonly { readonly workload: string; readonly file: string }[];
  readonly svidTtlMs?: number;
  /** Where proxies of this host join by whose process they are. */
  readonly joinSocket?: { readonly path: string; readonly rights: readonly UidRight[] };
  readonly pageFolder?: string;
  /** Ends the wait for a first commit. */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
};
