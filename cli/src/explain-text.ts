/** Why a request was refused, or would be: every stage with the rules that held and those that failed. */
import type {
  AskedBody,
  DecisionBody,
  ExplainBody,
  ExplainedBody,
  LinesBody,
  RuleOutcomeBody,
  StageBody,
} from "@regomesh/controller";
import { clockOf, paintVerdict, printCosts, reasonLine, shortName } from "./decision-text.ts";
import type { Paint } from "./paint.ts";
import { plain, printSpan, shortHash } from "./units.ts";

/** Rules that failed, of one entrypoint; more are counted. */
const FAILED_SHOWN = 8;

export type ExplainStyle = { readonly paint: Paint; readonly isWide: boolean };

/** A decision that was made, and what its policies say again. */
export function printExplained(
  { decision, fields, stage, unasked }: ExplainedBody,
  style: ExplainStyle,
): readonly string[] {
  const { paint } = style;
  const { id, verdict, status, timeMs, method, path, direction, reporter, revision } = decision;
  const shown = fields.filter(([name]) => !QUIET.has(name)).map(([name, value]) => `${plain(name)}: ${plain(value)}`);
  const differs = stage === undefined ? undefined : differenceOf(decision, stage);
  return [
    `decision ${paint.bold(plain(id))}  ${paintVerdict(`${verdict} ${status}`, verdict, paint)}  ${clockOf(timeMs)}`,
    ...row("request", `${plain(method)} ${plain(path)}`),
    ...shown.map((each) => `${INDENT}${paint.dim(each)}`),
    ...row(
      "way",
      `${shortName(decision.source)} to ${shortName(decision.service) || "?"}, decided ${direction} at ${plain(reporter)}`,
    ),
    ...row("revision", shortHash(revision)),
    ...reasonRows(decision),
    ...routeRows(decision),
    ...row("took", printCosts(decision)),
    ...(unasked === "" ? [] : row("again", paint.yellow(`it cannot be asked again: ${plain(unasked)}`))),
    ...(differs === undefined ? [] : row("again", paint.yellow(differs))),
    ...(stage === undefined
      ? recordedRules(decision)
      : [...printStageRules(stage, style), ...printCommits([stage], paint)]),
  ];
}

/** A request that nobody sends. */
export function printWay(body: ExplainBody, style: ExplainStyle): readonly string[] {
  const { paint } = style;
  const { revision, from, method, url, reason, detail, outbound, targets, route } = body;
  const lines = [
    `${paint.bold(`${plain(method)} ${plain(url)}`)}  from ${plain(from)}, by revision ${shortHash(revision)}; nothing is sent, limits are not counted`,
    ...(reason === "" ? [] : [paint.red(`${plain(reason)}: ${plain(detail)}`)]),
  ];
  if (outbound !== undefined) lines.push("", ...printStage(outbound, style));
  if (route !== undefined && route !== null) lines.push(...routeSays(route));
  const seen = new Map<string, string>();
  for (const { service, subset, weight, stages } of targets) {
    const share = targets.length > 1 ? ` (weight ${weight})` : "";
    const name = service === "" ? "no such service" : shortName(service);
    lines.push("", paint.bold(`to ${name}${subset === "" ? "" : `, subset ${plain(subset)}`}${share}`));
    if (stages.length === 0) lines.push(`  ${paint.red("no workload answers for it")}`);
    for (const stage of stages) {
      const said = JSON.stringify([stage.verdict, stage.status, stage.reason, stage.asked]);
      const same = seen.get(said);
      if (same === undefined) seen.set(said, stage.workload);
      const own =
        same === undefined
          ? printStage(stage, style)
          : [`${stageHead(stage, paint)}, by the same rules as at ${plain(same)}`];
      lines.push(...own.map((line) => `  ${line}`));
    }
  }
  lines.push(
    ...printCommits([...(outbound === undefined ? [] : [outbound]), ...targets.flatMap(({ stages }) => stages)], paint),
  );
  return lines;
}

/** Fields that say nothing to people. */
const QUIET: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "user-agent",
  "accept-language",
  "sec-fetch-mode",
]);

const INDENT = "            ";

function row(name: string, text: string): readonly string[] {
  return text === "" ? [] : [`  ${name.padEnd(INDENT.length - 2)}${text}`];
}

function reasonRows(decision: DecisionBody): readonly string[] {
  if (decision.verdict === "allowed") return [];
  return row(decision.reason === "" ? "rule" : "reason", reasonLine(decision) ?? "");
}

/** What a route says beside its targets, which are listed by themselves. */
function routeSays(route: object): readonly string[] {
  const said = Object.entries(route).filter(
    ([name, value]) => name !== "targets" && !(Array.isArray(value) && value.length === 0),
  );
  return said.length === 0 ? [] : row("route", plain(JSON.stringify(Object.fromEntries(said))));
}

function routeRows({ direction, endpoint, tries, workload, service }: DecisionBody): readonly string[] {
  if (endpoint === "") return row("route", "it did not go on");
  const where =
    direction === "outbound"
      ? `${shortName(service)}${workload === "" ? "" : `, workload ${plain(workload)}`}`
      : "its application";
  return row("route", `to ${where} at ${plain(endpoint)}, ${tries === 1 ? "1 try" : `${tries} tries`}`);
}

/** What was masked, the time, or the route's own changes may make another answer of the same question. */
function differenceOf({ verdict, direction }: DecisionBody, stage: StageBody): string | undefined {
  if (verdict === "limited" || verdict === "broken" || direction === "outbound") return undefined;
  if (verdict === stage.verdict) return undefined;
  return `asked again it is ${stage.verdict}: what was masked, or the time, made the difference`;
}

function recordedRules({ rules }: DecisionBody): readonly string[] {
  return rules.length === 0
    ? []
    : ["", ...rules.map(({ file, row: at, path }) => `  ${plain(file)}:${at} ${plain(path)}`)];
}

function printStage(stage: StageBody, style: ExplainStyle): readonly string[] {
  const limits = stage.limits.map(
    ({ key, limit, windowMs }) => `  limit ${plain(key)}: ${limit} in ${printSpan(windowMs)}`,
  );
  return [stageHead(stage, style.paint), ...limits, ...printStageRules(stage, style)];
}

function stageHead({ direction, workload, verdict, status, reason, detail }: StageBody, paint: Paint): string {
  const more = detail === "" ? "" : `, ${plain(detail)}`;
  const why = verdict === "allowed" || reason === "denied" ? "" : `: ${plain(reason)}${more}`;
  const word = paintVerdict(verdict === "allowed" ? "allowed" : `${verdict} ${status}`, verdict, paint);
  return `${direction} at ${plain(workload)}: ${word}${why}`;
}

/** Whose word it was comes first; what was asked and has no part in it is one line, unless all is asked for. */
function printStageRules({ asked }: StageBody, style: ExplainStyle): readonly string[] {
  const ordered = [...asked].sort((a, b) => Number(b.decided) - Number(a.decided));
  return ordered.flatMap((each) => printAsked(each, style));
}

function printAsked(asked: AskedBody, style: ExplainStyle): readonly string[] {
  const { binding, tier, kind, mode, unit, entrypoint, outcome, value, fault, decided, rules } = asked;
  const { paint, isWide } = style;
  const what = outcome === "defined" ? shorten(JSON.stringify(value)) : outcome === "fault" ? fault : "undefined";
  const shadow = mode === "shadow" ? ", in shadow" : "";
  const head = `  ${decided ? "▸" : " "} ${plain(unit)} ${plain(entrypoint)} ${paint.dim(`(${kind}, ${plain(binding)}, ${plain(tier)}${shadow})`)} = ${plain(what)}`;
  const fired = rules.filter(({ kind: each }) => each === "fired");
  const failed = rules.filter(({ kind: each }) => each === "failed");
  // Of what did not decide only what held says something.
  const shown = decided || isWide || kind === "route" ? failed : [];
  const more =
    shown.length > FAILED_SHOWN && !isWide
      ? [`      and ${shown.length - FAILED_SHOWN} more that failed (-o wide)`]
      : [];
  return [
    head,
    ...fired.flatMap((rule) => printRule(rule, style)),
    ...(isWide ? shown : shown.slice(0, FAILED_SHOWN)).flatMap((rule) => printRule(rule, style)),
    ...more,
  ];
}

function printRule(
  { path, kind, isDefault, lines, failure, data }: RuleOutcomeBody,
  { paint }: ExplainStyle,
): readonly string[] {
  const mark = kind === "fired" ? paint.green("held  ") : paint.red("failed");
  const note = isDefault ? " (its default: no other rule held)" : "";
  return [
    `      ${mark} ${plain(lines.file)}:${lines.row} ${plain(path)}${note}${changed(lines, paint)}`,
    ...(failure === undefined
      ? []
      : [
          `             ${lines.row === failure.row ? "" : `line ${failure.row}: `}${plain(oneLine(failure.text))} ${failure.isNegated ? "(this holds)" : "does not hold"}`,
          ...failure.values.map(
            ({ text, value }) => `               ${plain(oneLine(text))} is ${plain(value ?? "undefined")}`,
          ),
        ]),
    ...data.map(
      (each) => `             reads ${plain(each.path)}, ${plain(each.file)}:${each.row}${changed(each, paint)}`,
    ),
  ];
}

/** Only the hash stands beside a line; whose it is stands once, below. */
function changed({ commit }: LinesBody, paint: Paint): string {
  return commit === undefined ? "" : paint.dim(` (${shortHash(commit.hash)})`);
}

function printCommits(stages: readonly StageBody[], paint: Paint): readonly string[] {
  const lines = stages.flatMap(({ asked }) =>
    asked.flatMap(({ rules }) => rules.flatMap(({ lines: own, data }) => [own, ...data])),
  );
  const commits = new Map(
    lines.flatMap(({ commit }) => (commit === undefined ? [] : [[commit.hash, commit] as const])),
  );
  if (commits.size === 0) return [];
  const rows = [...commits.values()].map(
    ({ hash, author, subject }) => `  ${shortHash(hash)}  ${plain(author)}: ${plain(subject)}`,
  );
  return ["", paint.dim("last changed by"), ...rows.map((each) => paint.dim(each))];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
