/** docs/resources.md, whole: written by `npm run generate`, held by a test. */
import { KINDS, type Kind } from "../resource.ts";
import { printReference } from "./print-reference.ts";

const INTRODUCTION = `# Resources

<!-- Written by npm run generate from the schemas in resources/src/kinds; a test holds it to them. -->

Files ending in \`.yaml\`, \`.yml\` or \`.json\`, anywhere below the controller's \`--path\`, several
documents to a file where you like. Every document has \`apiVersion: regomesh.dev/v1alpha1\`, a
\`kind\`, \`metadata\` and a \`spec\`; an unknown field, kind or version is refused with its line, and
so is a document that nearly names the group. \`regomesh check\` says before a commit what the
controller will say of it, and \`regomesh docs KIND\` prints what stands here.

A default is what absence means; — says that absence has a meaning of its own. A DNS label is at most 63
lower-case letters, digits and hyphens; a DNS name is labels joined by dots. A duration is written
\`2s\`, \`500ms\`, \`1m30s\` or \`1h\`.
`;

/** Every kind in the order of the table of kinds. */
export function printDocument(): string {
  const kinds = Object.keys(KINDS) as Kind[];
  return [INTRODUCTION, ...kinds.map(printReference)].join("\n");
}
