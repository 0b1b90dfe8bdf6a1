/**
 * The last decisions, for people to look at: bounded, newest first. The full record goes from
 * proxies to collectors. A decision is its reporter's word: where it was made, and on whose
 * behalf, is what the reporter's certificate proves, whatever the report says. When there are
 * too many, whoever has the most loses its oldest, so that no proxy drives out the others'.
 */
import { clip as clipText, maskTarget, maskValue } from "@regomesh/base";
import type { DecisionReport, ProxyReport } from "@regomesh/protocol";
import type { DecisionBody, DecisionsBody, RuleBody } from "../api/decisions.ts";
import { findService, OUTSIDE, type Places } from "./places.ts";

const KEPT_MAX = 2000;
const PER_REPORT_MAX = 500;
/** Letters of all that are kept: a few megabytes, whatever they are about. */
const LETTERS_MAX = 8_000_000;
const TEXT_LENGTH_MAX = 1024;
const RULES_MAX = 32;
const LISTED_DEFAULT = 100;
export const LISTED_MAX = 500;

const VERDICTS = ["allowed", "denied", "limited", "broken"] as const;

export type DecisionQuery = {
  readonly limit?: number;
  readonly verdict?: string;
  readonly q?: string;
  /** Reported by the proxies of this workload: `namespace/name`, or a name in any namespace. */
  readonly workload?: string;
  /** Reported by proxies of this namespace. */
  readonly namespace?: string;
  /** Only what was reported after this version. */
  readonly after?: number;
  /** Only what was reported before the decision of this id; nothing where that is not kept. */
  readonly before?: string;
};

/** What only operators are told of a decision: enough to ask its policies again. */
export type DecisionInput = {
  readonly principal: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
};

type Kept = {
  readonly order: number;
  readonly decision: DecisionBody;
  readonly input: DecisionInput;
  readonly letters: number;
};
/** Of one reporter, the oldest first. */
type Own = { readonly kept: Kept[]; letters: number };

export class DecisionLog {
  /** By reporter, `namespace/name`. */
  readonly #kept = new Map<string, Own>();
  #count = 0;
  #letters = 0;
  #dropped = 0;
  #version = 0;

  /** Grows with every decision: whoever has seen this one has seen all. */
  get version(): number {
    return this.#version;
  }

  /** Takes in what a workload's proxy reports; gives what of it is kept. */
  apply(workload: string, report: ProxyReport, places: Places): readonly DecisionBody[] {
    const listed = report.decisions.slice(-PER_REPORT_MAX);
    const taken = listed.map((each) => ({ decision: toBody(each, workload, places), input: toInput(each) }));
    this.#dropped += Math.max(0, report.decisionsDropped) + report.decisions.length - listed.length;
    const own: Own = this.#kept.get(workload) ?? { kept: [], letters: 0 };
    this.#kept.set(workload, own);
    for (const { decision, input } of taken) {
      const letters = lettersOf(decision, input);
      own.kept.push({ order: ++this.#version, decision, input, letters });
      own.letters += letters;
      this.#letters += letters;
    }
    this.#count += taken.length;
    while (this.#letters > LETTERS_MAX) this.#dropOne((each) => each.letters);
    while (this.#count > KEPT_MAX) this.#dropOne((each) => each.kept.length);
    return taken.map(({ decision }) => decision);
  }

  /** The decision of that id that was reported first: a later one of the same id is another's claim. */
  find(id: string): DecisionBody | undefined {
    return this.#find(id)?.decision;
  }

  /**
   * The decision that decided: of a request that its sender carried and a receiver refused, the last receiver's of
   * the same request; otherwise the decision of that id itself.
   */
  deciding(id: string): DecisionBody | undefined {
    const told = this.find(id);
    if (told === undefined || told.verdict === "allowed" || told.rules.length > 0 || told.requestId === "") return told;
    return this.#newestFirst().find(({ decision }) => isCauseOf(decision, told))?.decision ?? told;
  }

  /** What the decision of that id was made from, as far as it is kept. */
  inputOf(id: string): DecisionInput | undefined {
    return this.#find(id)?.input;
  }

  #find(id: string): Kept | undefined {
    return this.#newestFirst().findLast(({ decision }) => decision.id === id);
  }

  /** Newest first; each word of `q` must be somewhere in the decision. */
  list(query: DecisionQuery): DecisionsBody {
    const { limit = LISTED_DEFAULT, verdict, q = "", after = 0, before = "" } = query;
    const until = before === "" ? Number.POSITIVE_INFINITY : (this.#find(before)?.order ?? 0);
    const words = q
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const decisions: DecisionBody[] = [];
    for (const { decision, order } of this.#newestFirst()) {
      if (decisions.length >= Math.min(limit, LISTED_MAX) || order <= after) break;
      if (order >= until || !isOf(decision, query)) continue;
      if (isVerdict(decision, verdict) && words.every((word) => searchText(decision).includes(word))) {
        decisions.push(decision);
      }
    }
    return { decisions, dropped: this.#dropped, version: this.#version };
  }

  #newestFirst(): readonly Kept[] {
    return [...this.#kept.values()].flatMap(({ kept }) => kept).sort((a, b) => b.order - a.order);
  }

  /** The oldest of whoever has the most. */
  #dropOne(share: (own: Own) => number): void {
    const [most] = [...this.#kept.values()].sort((a, b) => share(b) - share(a));
    const oldest = most?.kept.shift();
    if (most === undefined || oldest === undefined) return;
    most.letters -= oldest.letters;
    this.#letters -= oldest.letters;
    this.#count--;
  }
}

/** Refused for the same request, by a rule of its own or as the receiver. */
function isCauseOf(decision: DecisionBody, told: DecisionBody): boolean {
  const { requestId, verdict, direction, id, rules } = decision;
  if (requestId !== told.requestId || verdict !== told.verdict || id === told.id) return false;
  return direction === "inbound" && (told.direction === "outbound" || rules.length > 0);
}

function isOf({ reporter }: DecisionBody, { workload = "", namespace = "" }: DecisionQuery): boolean {
  if (namespace !== "" && !reporter.startsWith(`${namespace}/`)) return false;
  return workload === "" || reporter === workload || reporter.endsWith(`/${workload}`);
}

/** `refused` is both verdicts of a policy, `differs` what something in shadow would have changed. */
function isVerdict(decision: DecisionBody, verdict: string | undefined): boolean {
  if (verdict === undefined || verdict === "") return true;
  if (verdict === "refused") return decision.verdict === "denied" || decision.verdict === "limited";
  if (verdict === "differs") return decision.shadows.length > 0;
  return decision.verdict === verdict;
}

function searchText(decision: DecisionBody): string {
  const { id, verdict, status, reason, method, path, source, service, workload, rules } = decision;
  const refused = verdict === "denied" || verdict === "limited" ? "refused" : "";
  const places = rules.map((rule) => `${rule.path} ${rule.file}`).join(" ");
  return `${id} ${verdict} ${refused} ${status} ${reason} ${method} ${path} ${source} ${service} ${workload} ${places}`.toLowerCase();
}

/** Letters of its texts: everything else of a decision is small. */
function lettersOf({ rules, shadows, ...rest }: DecisionBody, { fields }: DecisionInput): number {
  const ofFields = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const values = [rest, ...rules, ...shadows].flatMap((each): readonly unknown[] => Object.values(each));
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), ofFields);
}

function toBody(decision: DecisionReport, workload: string, places: Places): DecisionBody {
  const [, name = ""] = workload.split("/");
  const isInbound = decision.direction !== "outbound";
  return {
    id: clip(decision.id),
    timeMs: decision.timeMs,
    direction: decision.direction === "outbound" ? "outbound" : "inbound",
    verdict: VERDICTS.find((verdict) => verdict === decision.verdict) ?? "broken",
    status: decision.status,
    reason: clip(decision.reason),
    method: clip(decision.method),
    path: maskTarget(clip(decision.path)),
    reporter: workload,
    source: isInbound ? callerOf(decision, places) : (places.serviceOfWorkload.get(workload) ?? workload),
    service: serviceOf(decision, workload, places),
    workload: isInbound || decision.destinationWorkload === "" ? name : clip(decision.destinationWorkload),
    entrypoint: clip(decision.entrypoint),
    revision: clip(decision.revision?.name ?? ""),
    sequence: decision.revision?.sequence ?? 0,
    requestId: clip(decision.requestId),
    endpoint: clip(decision.endpoint),
    tries: decision.tries,
    durationMs: decision.durationMs,
    policyNs: decision.policyNs,
    builtinErrors: decision.builtinErrors,
    shadows: decision.shadows.slice(0, RULES_MAX).map(({ binding, entrypoint, would }) => ({
      binding: clip(binding),
      entrypoint: clip(entrypoint),
      would: clip(would),
    })),
    detail: clip(decision.detail),
    rules: decision.rules.slice(0, RULES_MAX).flatMap(parseRule),
  };
}

const FIELDS_MAX = 32;

/** Masked by the proxy, and again here: what reports is anybody's proxy. */
function toInput({ fields, sourcePrincipal, direction }: DecisionReport): DecisionInput {
  return {
    principal: direction === "outbound" || sourcePrincipal === "" ? undefined : clip(sourcePrincipal),
    fields: fields.slice(0, FIELDS_MAX).map(({ name, value }) => [clip(name), clip(maskValue(name, value))] as const),
  };
}

/** Who called, as the proxy that was called saw its certificate. */
function callerOf({ sourcePrincipal }: DecisionReport, places: Places): string {
  const principal = clip(sourcePrincipal);
  return places.serviceOfPrincipal.get(principal) ?? (principal === "" ? OUTSIDE : principal);
}

/** An inbound decision is about the workload's own service, whether the report says so or not. */
function serviceOf({ direction, destinationService }: DecisionReport, workload: string, places: Places): string {
  const own = places.serviceOfWorkload.get(workload);
  if (direction !== "outbound") return own ?? "";
  if (destinationService === "") return "";
  return findService(places, workload.split("/")[0] ?? "", clip(destinationService), "") ?? clip(destinationService);
}

/** `data.mesh.authz.allow examples/authz/orders.rego:14:1` */
function parseRule(text: string): readonly RuleBody[] {
  const [, path, file, row] = /^(\S+) (.+?):(\d+)(?::\d+)?$/.exec(clip(text)) ?? [];
  return path === undefined || file === undefined ? [] : [{ path, file, row: Number(row) }];
}

function clip(text: string): string {
  return clipText(text, TEXT_LENGTH_MAX);
}
