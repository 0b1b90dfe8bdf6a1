import { defineConfig } from "vite";

// The controller serves `dist`, so every address is relative to its root; nothing is fetched from elsewhere.
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/api": process.env.REGOMESH_PAGE ?? "http://127.0.0.1:15000" } },
  logLevel: "warn",
});
