/** The build process from its sources. What is bundled of it, and kept compiled, begins below (scripts/build-program.mjs). */
import { serveBuilds } from "./serve.ts";

await serveBuilds();
