import { defineConfig } from "vite";

/** The gateway (or the scripted peer of `npm run peer`) for `npm run dev`. */
const GATEWAY = process.env["TERTULIA_DEV_GATEWAY"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/tertulia_gateway/static",
    emptyOutDir: true,
    target: "es2022",
    // Keep worklets and portraits separate files: the Content-Security-Policy forbids inlined ones.
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
  server: {
    proxy: {
      "/ws": { target: GATEWAY, ws: true },
      "/api": GATEWAY,
    },
  },
});
