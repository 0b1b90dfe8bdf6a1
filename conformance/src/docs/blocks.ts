/**
 * The fenced blocks of a Markdown page, for tests to run. What an info string means:
 * `rego` is a module, `rego fragment` a part of one; `json input` and `yaml data` are what the next question is asked with;
 * `json data.REF` is the answer of the module above; `yaml` with an apiVersion are resources.
 */
export type Block = {
  /** The info string: a language and a note. */
  readonly info: string;
  readonly text: string;
  /** From 1: the line of the fence. */
  readonly line: number;
};

export function parseBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  markdown.split("\n").forEach((line, i) => {
    const fence = /^```(.*)$/.exec(line)?.[1]?.trim();
    if (fence === undefined) open?.lines.push(line);
    else if (open === undefined) open = { info: fence, line: i + 1, lines: [] };
    else {
      blocks.push({ info: open.info, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    }
  });
  return blocks;
}
