/** Builds the widget into dist (or the folder given as argument): loader.js, frame.html, demo.html, assets/. */

import { rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const outDir = resolve(process.argv[2] ?? resolve(here, "dist"));

const common = {
  root: here,
  configFile: false,
  logLevel: "warn",
  define: {
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
};
// What WeChat's and older phones' browsers understand. The frame is a module script with import(): whoever knows
// that (Chrome 63, Safari 11.1) knows ES2018; the loader must not even need that in the shop's page.
const cssTarget = ["chrome64", "safari11.1"];
const frameTargets = { target: "es2018", cssTarget };
const loaderTargets = { target: "es2015", cssTarget };

/** The loader's style sheet travels inside the script: white space in it is of no use to anyone. */
const squeezeStyles = {
  name: "squeeze-styles",
  transform(code, id) {
    if (!id.endsWith("loader.css?raw")) return null;
    const css = JSON.parse(code.slice(code.indexOf('"'), code.lastIndexOf('"') + 1));
    const squeezed = css.replace(/\s+/g, " ").replace(/ ?([{};:,]) ?/g, "$1").replace(/;}/g, "}").trim();
    return { code: `export default ${JSON.stringify(squeezed)}`, map: null };
  },
};

/** The tokens are the console's too: properties that nothing here refers to stay out of the widget's style sheet. */
const dropUnusedProperties = {
  name: "drop-unused-properties",
  generateBundle(_options, bundle) {
    const usedIn = (text) => Array.from(text.matchAll(/var\((--[\w-]+)/g), (match) => match[1]);
    const files = Object.values(bundle);
    // Parts that are fetched later carry their style sheets in their code.
    const later = files.flatMap((file) => (file.type === "chunk" ? usedIn(file.code) : []));
    for (const file of files) {
      if (!file.fileName.endsWith(".css")) continue;
      const css = String(file.source).replace(/--lightningcss-(light|dark):[^;]*;/g, "");
      const used = new Set([...usedIn(css), ...later]);
      file.source = css.replace(/(--b-[\w-]+):[^;}]*;?/g, (whole, name) => (used.has(name) ? whole : ""));
    }
  },
};

async function buildPage(name) {
  await build({
    ...common,
    base: "/widget/",
    plugins: [vue(), dropUnusedProperties],
    build: {
      ...frameTargets,
      outDir,
      emptyOutDir: false,
      assetsInlineLimit: 2048,
      modulePreload: false,
      rolldownOptions: { input: { [name]: resolve(here, `${name}.html`) }, checks: { pluginTimings: false } },
    },
  });
}

async function buildLoader() {
  const result = await build({
    ...common,
    plugins: [squeezeStyles],
    build: {
      ...loaderTargets,
      write: false,
      lib: { entry: resolve(here, "src/loader/loader.ts"), name: "BatonLoader", formats: ["iife"], fileName: () => "loader.js" },
    },
  });
  const output = (Array.isArray(result) ? result[0] : result).output;
  await writeFile(resolve(outDir, "loader.js"), output.find((file) => file.type === "chunk").code);
}

await rm(outDir, { recursive: true, force: true });
await buildPage("frame");
await buildPage("demo");
await buildLoader();
