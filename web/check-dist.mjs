/** Proves that the committed built files are what their sources build to, keep their size budgets and suit old browsers. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parse } from "acorn";

const here = dirname(fileURLToPath(import.meta.url));
const LOADER_BYTES = 2 * 1024;
const FRAME_BYTES = 45 * 1024;
const CONSOLE_BYTES = 150 * 1024;

/** How each front end is built into a folder of our choice: [command, ...arguments]. */
const builders = {
  widget: (outDir) => ["node", "build.mjs", outDir],
  console: (outDir) => ["npx", "vite", "build", "--logLevel", "warn", "--emptyOutDir", "--outDir", outDir],
};

function files(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** What differs between two folders, in words. */
function differences(committed, fresh) {
  const [before, after] = [new Set(files(committed)), new Set(files(fresh))];
  const found = [];
  for (const name of new Set([...before, ...after])) {
    if (!after.has(name)) found.push(`${name}: committed, but no longer built`);
    else if (!before.has(name)) found.push(`${name}: built, but not committed`);
    else if (!readFileSync(join(committed, name)).equals(readFileSync(join(fresh, name)))) found.push(`${name}: differs`);
  }
  return found;
}

function rebuild(part) {
  const committed = resolve(here, part, "dist");
  if (!existsSync(committed)) return [`${part}/dist is missing: npm run build`];
  const fresh = mkdtempSync(join(tmpdir(), `baton-${part}-`));
  try {
    const [command, ...rest] = builders[part](fresh);
    execFileSync(command, rest, { cwd: resolve(here, part), stdio: ["ignore", "ignore", "inherit"] });
    return differences(committed, fresh).map((line) => `${part}/dist/${line}`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

const compressed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

/** What a page makes a browser fetch before anything is shown. */
function firstLoad(part, pageName) {
  const dist = resolve(here, part, "dist");
  const page = readFileSync(join(dist, pageName), "utf8");
  const assets = Array.from(page.matchAll(/(?:src|href)="\/(?:widget|console)\/(assets\/[^"]+)"/g), (match) => match[1]);
  return assets.reduce((sum, name) => sum + compressed(join(dist, name)), 0);
}

function budgets(parts) {
  const sizes = [
    ["widget", "widget loader", () => compressed(resolve(here, "widget/dist/loader.js")), LOADER_BYTES],
    ["widget", "widget frame, js and css", () => firstLoad("widget", "frame.html"), FRAME_BYTES],
    ["console", "console, js and css", () => firstLoad("console", "index.html"), CONSOLE_BYTES],
  ]
    .filter(([part]) => parts.includes(part))
    .map(([, name, measure, limit]) => [name, measure(), limit]);
  for (const [name, size, limit] of sizes) console.log(`${name}: ${size} of ${limit} bytes compressed`);
  return sizes.filter(([, size, limit]) => size > limit).map(([name, size, limit]) => `${name}: ${size} bytes, allowed ${limit}`);
}

/** The newest JavaScript that browsers of WeChat's class read. `import()` is younger, but they know it (README). */
const SYNTAX = { "loader.js": { ecmaVersion: 2015, sourceType: "script" }, assets: { ecmaVersion: 2018, sourceType: "module" } };

function tooNew(parts) {
  if (!parts.includes("widget")) return [];
  const dist = resolve(here, "widget/dist");
  return files(dist)
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => {
      const code = readFileSync(join(dist, name), "utf8").replace(/\bimport\(/g, "fetched(").replace(/\bimport\.meta\b/g, "meta");
      try {
        parse(code, SYNTAX[name] ?? SYNTAX.assets);
        return [];
      } catch (error) {
        return [`widget/dist/${name}: ${error.message}: newer than old browsers read`];
      }
    });
}

const parts = process.argv.slice(2);
const asked = parts.length > 0 ? parts : Object.keys(builders).filter((part) => existsSync(resolve(here, part, "index.html")) || part === "widget");
const problems = [...asked.flatMap(rebuild), ...budgets(asked), ...tooNew(asked)];
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error("The built front ends do not fit their sources: npm ci && npm run build, then commit web/*/dist.");
  process.exit(1);
}
console.log(`built files fit their sources: ${asked.join(", ")}`);
