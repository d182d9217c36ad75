/** Lays compressed twins beside the files of a build, so that nobody compresses while he serves. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const FOLDER = fileURLToPath(new URL("../planes/hh_control/static/assets", import.meta.url));
const TEXTS = new Set([".css", ".js", ".json", ".map", ".svg", ".wasm"]);
const LEAST_BYTES = 1024;
const TWINS = [
  [".gz", (data) => promisify(gzip)(data, { level: 9 })],
  [
    ".br",
    (data) =>
      promisify(brotliCompress)(data, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
      }),
  ],
];

for (const name of await readdir(FOLDER, { recursive: true })) {
  if (!TEXTS.has(extname(name))) continue;
  const path = join(FOLDER, name);
  const data = await readFile(path);
  for (const [suffix, compress] of TWINS) {
    const smaller = data.length < LEAST_BYTES ? data : await compress(data);
    if (smaller.length < data.length) await writeFile(path + suffix, smaller);
    else await rm(path + suffix, { force: true });
  }
}
