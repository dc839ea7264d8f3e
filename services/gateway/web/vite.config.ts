import { defineConfig } from "vite";

/** Where `npm run dev` finds the gateway (or the scripted peer of `npm run peer`). */
const GATEWAY = process.env["TERTULIA_DEV_GATEWAY"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/tertulia_gateway/static",
    emptyOutDir: true,
    target: "es2022",
    // Worklets and portraits stay files of their own: the page's content policy allows 'self' and nothing inlined.
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
