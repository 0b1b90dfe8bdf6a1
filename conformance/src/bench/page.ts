/** `--only page`: what the page costs in a large mesh, against its goals. */
import { writeFileSync } from "node:fs";
import { measurePage, type PageOptions } from "../page/measure.ts";

const BYTES_PER_SECOND_MAX = 100_000;
const TASK_MS_MAX = 50;

/** Gives how many goals were missed. */
export async function runPage(options: PageOptions, pictureFile: string | undefined): Promise<number> {
  const cost = await measurePage(options);
  if (pictureFile !== undefined) writeFileSync(pictureFile, cost.picture);
  console.log(
    [
      `page: ${options.services} services, each calls ${options.calls}, ${options.seconds} s`,
      `events: ${(cost.bytesPerSecond / 1000).toFixed(1)} kB a second, first ${(cost.firstBytes / 1000).toFixed(0)} kB`,
      `longest task: ${cost.longestTaskMs.toFixed(1)} ms of CPU (${cost.longestTaskWallMs.toFixed(1)} ms by the clock), ${cost.longTasks} over ${TASK_MS_MAX} ms; ${(cost.cpuShare * 100).toFixed(1)} % of a core`,
      `drawn: ${cost.boxes} boxes, ${cost.lines} lines`,
      "",
    ].join("\n"),
  );
  const missed = [
    ...(cost.bytesPerSecond > BYTES_PER_SECOND_MAX
      ? [`events take more than ${BYTES_PER_SECOND_MAX} bytes a second`]
      : []),
    ...(cost.longestTaskMs > TASK_MS_MAX ? [`a task takes more than ${TASK_MS_MAX} ms`] : []),
  ];
  for (const goal of missed) console.log(`goal missed: ${goal}`);
  return missed.length;
}
