/** The controller's own metrics in Prometheus' text format. */
import type { StatusBody } from "../api/status.ts";

export type ControllerCounts = { readonly builds: number; readonly refused: number; readonly lastBuildSeconds: number };

export function printMetrics(status: StatusBody, counts: ControllerCounts): string {
  const states = ["ready", "stale", "gone", "never"] as const;
  const { revision } = status;
  return [
    family("regomesh_controller_proxies", "gauge", "Workloads by the state of their proxy.", [
      ...states.map(
        (state) => [`{state="${state}"}`, status.proxies.filter((proxy) => proxy.state === state).length] as const,
      ),
    ]),
    family("regomesh_controller_revision_sequence", "gauge", "Number of the newest revision.", [
      ["", revision?.sequence ?? 0],
    ]),
    family("regomesh_controller_revision_enforced", "gauge", "Proxies that enforce the newest revision.", [
      ["", revision?.enforced ?? 0],
    ]),
    family("regomesh_controller_refusals", "gauge", "Proxies that refuse what they are sent, by class.", [
      ...(["content", "local"] as const).map(
        (kind) =>
          [`{class="${kind}"}`, status.proxies.filter(({ refusal }) => refusal?.class === kind).length] as const,
      ),
    ]),
    family(
      "regomesh_controller_shadow_decisions_total",
      "counter",
      "Decisions of bindings in shadow, by what they would have changed.",
      status.shadows.flatMap((shadow) => {
        const { direction, binding, entrypoint, decisions, differences, would } = shadow;
        const label = `direction="${direction}",binding="${binding}",entrypoint="${entrypoint}"`;
        return [
          [`{${label},would="same"}`, decisions - differences] as const,
          ...Object.entries(would).map(([change, count]) => [`{${label},would="${change}"}`, count] as const),
        ];
      }),
    ),
    family("regomesh_controller_builds_total", "counter", "Commits that were built or refused.", [
      ['{result="built"}', counts.builds],
      ['{result="refused"}', counts.refused],
    ]),
    family("regomesh_controller_last_build_seconds", "gauge", "Duration of the last build, its tests included.", [
      ["", counts.lastBuildSeconds],
    ]),
  ].join("");
}

function family(name: string, type: string, help: string, rows: readonly (readonly [string, number])[]): string {
  const lines = rows.map(([labels, value]) => `${name}${labels} ${value}`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}
