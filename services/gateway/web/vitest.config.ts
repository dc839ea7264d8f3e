import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/**/*.test.ts"], environment: "node", sequence: { shuffle: true }, testTimeout: 30_000 },
});
