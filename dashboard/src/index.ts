/** Built by Vite to `dist`, which the controller serves; nothing here is imported by other packages. */
export type { Feed, Link } from "./api/feed.ts";
