// Bundles each function into a minified ES module, as AWS recommends for short cold starts.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });

for (const name of ['purchase', 'authorize']) {
  await build({
    entryPoints: [`src/${name}.mjs`],
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    treeShaking: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // The ES module build of each package, where there is one: it can be tree-shaken, the CommonJS one cannot.
    mainFields: ['module', 'main'],
    // What the SDK imports only when it is needed, such as signing in by SSO, stays outside of the file that is read at start.
    splitting: true,
    chunkNames: `chunks/${name}-[hash]`,
    legalComments: 'none',
    logLevel: 'info',
  });
}
