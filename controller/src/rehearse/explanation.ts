/** A rehearsal as people are told it: with every rule that held or failed, and the data that it read. */
import { isSecretName, MASK, maskTarget, maskValue } from "@regomesh/base";
import type { RuleOutcome } from "@regomesh/policy-compiler";
import type { ConnectionContext } from "@regomesh/policy-runtime";
import type { AskedBody, ExplainBody, RuleOutcomeBody, StageBody } from "../api/explain.ts";
import type { MeshPlan } from "../build/build.ts";
import { type SourceTree, unitOf } from "../build/source-tree.ts";
import type { PolicyTools, UnitFiles } from "../build/tools.ts";
import { routesTree } from "../gateway-api/bind.ts";
import { findData } from "./data-places.ts";
import { addressee, findWorkload, type Question, rehearse } from "./rehearse.ts";
import {
  checkRequest,
  connectionFrom,
  connectionTo,
  destinationOf,
  parseTarget,
  type RehearsedRequest,
  toHead,
} from "./request.ts";
import { type AskedEntrypoint, rehearseStage, type Stage } from "./stage.ts";

/** What is asked: a request's whole way, or one stage of it again. */
export type ExplainQuestion =
  | {
      readonly kind: "way";
      readonly from: string;
      readonly method: string;
      readonly url: string;
      readonly fields: RehearsedRequest["fields"];
    }
  | {
      readonly kind: "stage";
      readonly direction: "inbound" | "outbound";
      /** `namespace/name` */
      readonly workload: string;
      readonly principal: string | undefined;
      readonly request: RehearsedRequest;
    };

export type Explanation =
  | { readonly kind: "way"; readonly way: Omit<ExplainBody, "revision"> }
  | { readonly kind: "stage"; readonly stage: StageBody }
  | { readonly kind: "refused"; readonly reason: string };

type Context = {
  readonly trees: readonly SourceTree[];
  readonly plan: MeshPlan;
  readonly tools: PolicyTools;
  readonly nowMs: number;
};

export function explain(question: ExplainQuestion, context: Context): Explanation {
  return question.kind === "way" ? explainWay(question, context) : explainStage(question, context);
}

function explainWay(question: Extract<ExplainQuestion, { kind: "way" }>, context: Context): Explanation {
  const { from, method, url, fields } = question;
  const target = parseTarget(url);
  if (target === undefined) return refused(`${url.slice(0, 200)} is no URL of the mesh, such as http://orders/refunds`);
  const host = fields.find(([name]) => name.toLowerCase() === "host")?.[1];
  const request = {
    method,
    target: target.target,
    authority: host ?? target.authority,
    fields: fields.filter(([name]) => name.toLowerCase() !== "host"),
  };
  const wrong = checkRequest(request);
  if (wrong !== undefined) return refused(wrong);
  const asked: Question = { from, request, nowMs: context.nowMs };
  const found = rehearse(asked, context.plan, context.tools);
  if (typeof found === "string") return refused(found);
  const sender = findWorkload(context.plan, from);
  return {
    kind: "way",
    way: {
      from: sender === undefined ? from : `${sender.namespace}/${sender.name}`,
      method,
      url: maskTarget(`http://${request.authority}${request.target}`),
      reason: found.reason ?? "",
      detail: found.detail ?? "",
      ...(found.route === undefined ? {} : { route: withoutAbsent(found.route) }),
      ...(found.outbound === undefined || sender === undefined
        ? {}
        : {
            outbound: toBody(
              found.outbound,
              request,
              connectionFrom(sender, addressee(context.plan, sender, request.authority)),
              context,
            ),
          }),
      targets: found.reached.map(({ service, subset, weight, stages }) => ({
        service,
        subset: subset ?? "",
        weight,
        stages: stages.map((stage) => toBody(stage, request, connectionTo(stage.workload, sender?.principal), context)),
      })),
    },
  };
}

function explainStage(question: Extract<ExplainQuestion, { kind: "stage" }>, context: Context): Explanation {
  const { direction, principal, request } = question;
  const workload = findWorkload(context.plan, question.workload);
  if (workload === undefined) return refused(`the revision has no workload ${question.workload}`);
  const wrong = checkRequest(request);
  if (wrong !== undefined) return refused(wrong);
  const connection =
    direction === "inbound"
      ? connectionTo(workload, principal)
      : connectionFrom(workload, addressee(context.plan, workload, request.authority));
  const { plan, tools, nowMs } = context;
  const stage = rehearseStage({ plan, workload, direction, connection, request, nowMs }, tools);
  return { kind: "stage", stage: toBody(stage, request, connection, context) };
}

function refused(reason: string): Explanation {
  return { kind: "refused", reason };
}

function toBody(stage: Stage, request: RehearsedRequest, connection: ConnectionContext, context: Context): StageBody {
  const { direction, workload, verdict, status, reason, detail, limits, decider } = stage;
  const input = context.tools.inputOf(toHead(request), connection, destinationOf(workload), context.nowMs);
  return {
    direction,
    workload: `${workload.namespace}/${workload.name}`,
    verdict,
    status,
    reason,
    detail,
    limits: limits.map(({ key, limit, windowMs }) => ({ key: maskValue("", key), limit, windowMs })),
    asked: stage.asked.map((each) => toAskedBody(each, each === decider, input, context)),
  };
}

function toAskedBody(asked: AskedEntrypoint, decided: boolean, input: string, context: Context): AskedBody {
  const { plan, tools } = context;
  const trees = [...context.trees, routesTree(plan.routes ?? [])];
  const { binding, unit, tier, kind, mode } = asked.bound;
  const files = unitOf(trees, unit);
  const rules = files === undefined ? [] : tools.explain(files, asked.entrypoint, input);
  return {
    binding,
    unit,
    tier,
    kind,
    mode,
    entrypoint: asked.entrypoint,
    decided,
    outcome: asked.outcome,
    ...(asked.value === undefined ? {} : { value: maskJson(asked.value, "", kind === "limits") }),
    fault: asked.fault,
    rules: files === undefined ? [] : rules.map((rule) => toRuleBody(rule, files)),
  };
}

function toRuleBody(rule: RuleOutcome, files: UnitFiles): RuleOutcomeBody {
  const { path, file, row, endRow, kind, isDefault, failure, reads } = rule;
  return {
    path,
    kind,
    isDefault,
    lines: { file, row, endRow },
    ...(failure === undefined
      ? {}
      : {
          failure: {
            ...failure,
            values: failure.values.map(({ text, value }) =>
              value === undefined ? { text } : { text, value: maskPart(text, value) },
            ),
          },
        }),
    data: reads.flatMap((each) => findData(files, each)),
  };
}

/** A part of an expression whose last name says that it is a secret is masked whole. */
function maskPart(text: string, value: string): string {
  const name = /([A-Za-z0-9_-]+)["\]]*$/.exec(text)?.[1] ?? "";
  if (value.startsWith('"') || !/^[{[]/.test(value)) return isSecretName(name) ? MASK : maskValue("", value);
  // A whole document: names of its members say what is secret.
  return value.replace(/"([^"\\]+)":"((?:[^"\\]|\\.)*)"/g, (whole, key: string, inner: string) =>
    isSecretName(key) ? `"${key}":"${MASK}"` : whole.replace(inner, maskValue("", inner)),
  );
}

/** The key of a limit is no secret by its name. */
function maskJson(value: unknown, name: string, isLimits: boolean): unknown {
  if (typeof value === "string") return maskValue(isLimits && name === "key" ? "" : name, value);
  if (Array.isArray(value)) return value.map((each) => maskJson(each, name, isLimits));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskJson(each, key, isLimits)]));
}

function withoutAbsent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
