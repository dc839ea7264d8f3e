import { defineConfig } from "vite";

/** The server to which `npm run dev` forwards requests: a gateway, or the scripted peer that `npm run peer` starts. */
const GATEWAY = process.env["TERTULIA_DEV_GATEWAY"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/tertulia_gateway/static",
    emptyOutDir: true,
    target: "es2022",
    // Popovers need these releases; light-dark() is rewritten for those that do not know it.
    cssTarget: ["chrome116", "firefox125", "safari17"],
    // Do not inline worklets and portraits, because the Content-Security-Policy forbids that.
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
