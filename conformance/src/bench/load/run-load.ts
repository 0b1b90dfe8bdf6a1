/** Which program makes a load: wrk as fast as HTTP/1.1 goes, h2load everything else. */

import { runH2Load } from "./h2load.ts";
import type { RunLoad } from "./load.ts";
import { runWrk } from "./wrk.ts";

export const runLoad: RunLoad = (tools, load) =>
  load.client === "http1" && load.perSecond === undefined ? runWrk(tools, load) : runH2Load(tools, load);
