// Bundles static/src to static/dist with esbuild; `--dev` adds the mock page (static/dev) for tests and for design work.
import { build } from "esbuild";
import { rmSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dev = process.argv.includes("--dev");

/** @param {Record<string, string>} entryPoints @param {string} outdir */
async function bundle(entryPoints, outdir) {
  rmSync(join(root, outdir), { recursive: true, force: true });
  mkdirSync(join(root, outdir), { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    minify: true,
    sourcemap: true,
    metafile: true,
    chunkNames: "chunks/[name]-[hash]",
    legalComments: "linked",
    logLevel: "warning",
  });
  writeFileSync(join(root, outdir, "meta.json"), JSON.stringify(result.metafile));
}

const pages = { cluster: "static/src/main.js", dashboard: "static/src/dashboard.js", follow: "static/src/follow.js", wall: "static/src/wall.js", apidocs: "static/src/apidocs.js", theme: "static/src/theme/theme.css" };
await bundle(pages, "static/dist");
if (dev) await bundle({ ...pages, mock: "static/dev/mock.js" }, "static/dev/dist");
