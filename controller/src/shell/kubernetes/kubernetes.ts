/** A controller's side of a cluster: its objects as the mesh's own source, and what is told back to them. */
import type { Clock, Log, Source as Text } from "@regomesh/base";
import { type Distribution, isInForce } from "../../distribution/state.ts";
import type { Found } from "../../kubernetes/admission.ts";
import type { Readiness } from "../../kubernetes/readiness.ts";
import { wantedStatuses } from "../../kubernetes/wanted-status.ts";
import { inputsOf } from "../../sources/inputs.ts";
import { ROOT_SOURCE, type SourceContent, type SourceVerdict } from "../../sources/source.ts";
import type { Authority } from "../ca/authority.ts";
import { ControllerFailed } from "../controller-failed.ts";
import { type AccessOptions, openAccess } from "./access.ts";
import { type AdmissionOptions, openAdmission } from "./admission.ts";
import { ApiConnection } from "./api-connection.ts";
import { ClusterSource } from "./cluster-source.ts";
import { StatusWriter } from "./status-writer.ts";
import { type Reviewed, reviewToken } from "./token-review.ts";

export type KubernetesOptions = AccessOptions & {
  readonly clock: Clock;
  readonly log: Log;
  readonly onContent: (content: SourceContent) => Promise<void>;
  /** Of the newest content, were it taken back before this start. */
  readonly heldVerdict: (id: string) => SourceVerdict | undefined;
  /** The texts that are in force; undefined where none are. */
  readonly keptFiles: () => readonly Text[] | undefined;
  readonly onTrouble: () => void;
  /** Other Pods answer for Services than before. */
  readonly onReadiness: (readiness: Readiness) => void;
  readonly distribution: () => Distribution;
};

/** Verdicts that are asked for come at once after their content. */
const VERDICTS_MAX = 32;

export class Kubernetes {
  readonly source: ClusterSource;
  readonly #connection: ApiConnection;
  readonly #options: KubernetesOptions;
  readonly #writer: StatusWriter;
  readonly #told = new Map<string, SourceVerdict>();

  private constructor(options: KubernetesOptions, connection: ApiConnection) {
    const { clock, log, onContent, keptFiles, onTrouble, onReadiness } = options;
    this.#options = options;
    this.#connection = connection;
    this.source = new ClusterSource({
      connection,
      clock,
      log,
      random: Math.random,
      onContent,
      keptFiles,
      onTrouble,
      onReadiness,
      onStatus: () => this.#writer.poke(),
      verdictOf: (id) => this.#verdictOf(id),
      onSettled: () => this.#writer.poke(),
    });
    this.#writer = new StatusWriter({
      connection,
      clock,
      log,
      wanted: (nowIso) =>
        wantedStatuses(
          {
            settled: this.source.settled,
            find: (key) => this.source.cluster.find(key),
            gateways: this.source.cluster.ofKind("Gateway"),
            gatewayClasses: this.source.cluster.ofKind("GatewayClass"),
            facts: {
              verdicts: this.source.verdicts,
              inForce: this.#inForce(),
              isPinned: this.#options.distribution().publication?.release.isPinned === true,
              enforced: this.#enforced(),
            },
          },
          nowIso,
        ),
    });
  }

  /** Throws ControllerFailed where no kubeconfig says where a cluster is. */
  static async open(options: KubernetesOptions): Promise<Kubernetes> {
    const access = await openAccess(options).catch((error: Error) => {
      throw new ControllerFailed(`the cluster: ${error.message}`);
    });
    const opened = new Kubernetes(options, new ApiConnection(access, options.clock));
    opened.#writer.start();
    return opened;
  }

  /** What became of a content of the cluster. */
  tell(verdict: SourceVerdict): void {
    const { id } = verdict.revision;
    this.#told.delete(id);
    this.#told.set(id, verdict);
    const [oldest] = this.#told.keys();
    if (this.#told.size > VERDICTS_MAX && oldest !== undefined) this.#told.delete(oldest);
    this.source.hear(verdict);
  }

  /** Opens the webhooks, once there is an authority. */
  async openAdmission(
    admission: AdmissionOptions,
    authority: Authority,
    rehearse: (content: SourceContent) => Promise<Found>,
  ): Promise<{ readonly url: string; close(): Promise<void> }> {
    const { clock, log } = this.#options;
    return await openAdmission(admission, {
      connection: this.#connection,
      authority,
      clock,
      log,
      rehearse: async (object) => await rehearse(this.source.contentWith(object)),
    });
  }

  /** Who a token of a ServiceAccount is. Throws ApiUnreachable. */
  readonly review = async (token: string): Promise<Reviewed> =>
    await reviewToken(token, this.#connection, (key) => this.source.cluster.find(key));

  /** Proxies have said something, or were given something. */
  poke(): void {
    this.#writer.poke();
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#connection[Symbol.asyncDispose]();
  }

  /** What was in force already is not told again. */
  #verdictOf(id: string): SourceVerdict | undefined {
    const told = this.#told.get(id);
    const input = this.#rootInput();
    if (told?.isTakenBack === true || input?.id !== id) return told ?? this.#options.heldVerdict(id);
    return { revision: input, isAccepted: true, refused: [] };
  }

  #rootInput() {
    const { publication } = this.#options.distribution();
    if (publication === undefined) return undefined;
    return inputsOf(publication.release).find(({ source }) => source === ROOT_SOURCE);
  }

  /** Undefined where what is in force is not what was accepted: it was taken back, or is pinned. */
  #inForce() {
    const input = this.#rootInput();
    const { publication } = this.#options.distribution();
    if (publication === undefined || input === undefined || input.id !== this.source.inForceId) return undefined;
    return { revision: publication.release.revision.name, plan: publication.release.plan };
  }

  #enforced() {
    const state = this.#options.distribution();
    const byWorkload = Map.groupBy(state.roster.proxies.values(), ({ workload }) => workload);
    const counts = new Map(
      [...byWorkload].map(([workload, proxies]) => [
        workload,
        { total: proxies.length, programmed: proxies.filter((proxy) => isInForce(state, proxy)).length },
      ]),
    );
    return (workload: string) => counts.get(workload) ?? { total: 0, programmed: 0 };
  }
}
