/** K1: the CRDs are taken without a warning, and refuse what is wrong at its field. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { kubectl } from "./api-server.ts";
import { type Check, must, until } from "./check.ts";
import { invalidObjects, validObjects } from "./invalid-objects.ts";

const CRDS = resolve(import.meta.dirname, "../../../deploy/crds");

const install: Check = {
  name: "K1 the CRDs are installed, without a warning, twice alike",
  async run({ server, api }) {
    const first = kubectl(server, ["apply", "--server-side", "-f", CRDS]);
    must(first.code === 0, first.out);
    must(!/warning/i.test(first.out), first.out);
    for (const file of readdirSync(CRDS)) {
      const name = `${file.replace(/^regomesh\.dev_/, "").replace(/\.yaml$/, "")}.regomesh.dev`;
      await until(`${name} is established`, 20_000, async () => {
        const { body } = await api.ask("GET", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
        const { conditions = [] } = (body["status"] ?? {}) as {
          conditions?: { type: string; status: string; message: string }[];
        };
        const bad = conditions.find(({ type, status }) => type === "NonStructuralSchema" && status === "True");
        must(bad === undefined, `${file}: ${bad?.message}`);
        return conditions.some(({ type, status }) => type === "Established" && status === "True") ? true : undefined;
      });
    }
    const second = kubectl(server, ["apply", "--server-side", "-f", CRDS]);
    must(second.code === 0, second.out);
    const diff = kubectl(server, ["diff", "--server-side", "-f", join(CRDS, "regomesh.dev_policies.yaml")]);
    must(diff.code === 0, `applied twice, it differs: ${diff.out}`);
  },
};

const refuse: Check = {
  name: "K1 what is wrong is refused at its field",
  async run({ api, say }) {
    const place = ({ plural, isNamespaced }: { plural: string; isNamespaced: boolean }) =>
      `/apis/regomesh.dev/v1alpha1${isNamespaced ? "/namespaces/default" : ""}/${plural}?dryRun=All`;
    for (const valid of validObjects()) {
      const answer = await api.ask("POST", place(valid), valid.body);
      must(answer.status === 201, `a right ${valid.kind} is refused: ${String(answer.body["message"])}`);
      must(answer.warnings.length === 0, `a right ${valid.kind} is warned of: ${answer.warnings.join()}`);
    }
    const wrong: string[] = [];
    const all = invalidObjects();
    for (const invalid of all) {
      const answer = await api.ask("POST", place(invalid), invalid.body);
      const causes = ((answer.body["details"] ?? {}) as { causes?: { field?: string }[] }).causes ?? [];
      const isNamed = causes.some(({ field }) => field === invalid.field);
      const given = JSON.stringify((invalid.body as { spec: unknown }).spec).slice(0, 120);
      if (answer.status !== 422 || !isNamed)
        wrong.push(
          `${invalid.kind} ${invalid.field} (${given}): ${answer.status} ${causes.map(({ field }) => field).join()} ${String(answer.body["message"]).slice(0, 200)}`,
        );
    }
    say(`     ${all.length} objects that are wrong, ${all.length - wrong.length} refused at their field`);
    must(wrong.length === 0, `${wrong.length} are not:\n     ${wrong.join("\n     ")}`);
    must(all.length >= 150, `only ${all.length} objects`);
  },
};

const known: Check = {
  name: "kubectl explains the kinds and knows them by their short names and their category",
  async run({ server }) {
    const explained = kubectl(server, ["explain", "policybinding.spec.tier"]);
    must(explained.code === 0 && /most specific tier/.test(explained.out), explained.out);
    for (const name of ["pol", "pbind", "tp", "mt", "psrc", "mc", "mesh"]) {
      const found = kubectl(server, ["get", name, "-A"]);
      must(found.code === 0, `kubectl get ${name}: ${found.out}`);
    }
  },
};

export const CRD_CHECKS: readonly Check[] = [install, refuse, known];
