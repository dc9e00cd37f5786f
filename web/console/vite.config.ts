/** Builds the console into dist/, which the desk serves below /console/. */

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

const desk = process.env.BATON_DESK_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/console/",
  plugins: [vue()],
  define: { __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: {
    target: "es2022",
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    // All of the first page in one file: the ten of before came in two rounds, and packed worse.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "console", test: /src\/main\.ts$/ }] } } },
  },
  server: { port: 5174, proxy: { "/api": desk, "/ws": { target: desk, ws: true } } },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"], maxWorkers: 1, testTimeout: 20000 },
});
