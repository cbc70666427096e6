const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { build } = require('esbuild');

/** What the charts use of packages that would otherwise load all that they have: Helm, another YAML writer, higher-level classes. */
const USED = {
  cdk8s: `
    export { ApiObject } from 'cdk8s/lib/api-object';
    export { App } from 'cdk8s/lib/app';
    export { Chart } from 'cdk8s/lib/chart';`,
  'cdk8s-plus-27': `
    export * from 'cdk8s-plus-27/lib/imports/k8s';`,
};

/** What packages load and never call here: an App of cdk8s to write files, commander for commands that are programs of their own. */
const UNUSED = [
  { path: './yaml', importer: /[\\/]cdk8s[\\/]lib[\\/]/ },
  { path: 'node:child_process', importer: /[\\/]commander[\\/]lib[\\/]/ },
];

/**
 * The types of Kubernetes as a module of which esbuild leaves out what nobody uses: as published, each is assigned to
 * `exports` and gets its names from outside of the class, which has to run.
 */
function withoutSideEffects(source) {
  const module = source
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replace(/^exports\.\w+ = exports\..*= void 0;$/gm, '')
    .replace(/^_\w+ = JSII_RTTI_SYMBOL_1;\n.*\[_\w+\] = .*$/gm, '')
    .replace(/ = exports\.(\w+) \|\| \(exports\.\1 = \{\}\)/g, ' = {}')
    .replace(/^exports\.(\w+) = \1;$/gm, 'export { $1 };')
    .replace(/^(\w+)\.GVK = /gm, 'const GVK_$1 = ')
    .replace(/\b(\w+)\.GVK\b/g, 'GVK_$1')
    .replace(/^const cdk8s_1 = require\("cdk8s"\);$/m, "import { ApiObject } from 'cdk8s';")
    .replace(/\bcdk8s_1\.ApiObject\b/g, 'ApiObject')
    .replace(/^Object\.defineProperty\(exports, "__esModule".*$/m, '');
  if (/\b(exports|cdk8s_1)\b/.test(module))
    throw new Error('tools/bundle.js does not know how cdk8s-plus-27 is written');
  return module;
}

/** Replaces every pair's first with its second in the code of a package, and does not build with a package that is written otherwise. */
function rewritten(source, pairs) {
  return pairs.reduce((text, [before, after]) => {
    const result = text.replaceAll(before, after);
    if (result === text) throw new Error(`tools/bundle.js looks for what is not there: ${before}`);
    return result;
  }, source);
}

/** The constructors of objects leave out undefined fields in one pass, where as published they copy an object once for each field. */
const ONE_COPY = [
  [
    '(result).reduce((r, i) => (i[1] === undefined) ? r : ({ ...r, [i[0]]: i[1] }), {})',
    '(result).filter((i) => i[1] !== undefined).reduce((r, i) => { r[i[0]] = i[1]; return r; }, {})',
  ],
];

/** What cdk8s resolves are objects; as published it looks for its app, and makes a context and a path, for each text and number. */
const ONLY_OBJECTS = [
  [
    'resolve(key, value, apiObject) {',
    'resolve(key, value, apiObject, resolvers = app_1.App.of(apiObject).resolvers) {',
  ],
  ['const resolvers = app_1.App.of(apiObject).resolvers;', ''],
  ['if (value == null)', "if (value === null || typeof value !== 'object')"],
  [', apiObject);', ', apiObject, resolvers);'],
  // Of the resolvers that every app has, none reads it, and here no app has another.
  [/\[\.\.\.key, .+?\], /g, 'key, '],
];

/** The public suffixes: numbers as bytes, and hashes, which are made at each start, without an object for each letter. */
const COMPACT_SUFFIXES = [
  ['(hash * 33) ^', 'Math.imul(hash, 33) ^'],
  [
    /new Uint8Array\(\[([\d, ]+)\]\)/g,
    (_, numbers) => `Buffer.from("${bytesOf(numbers).toString('base64')}", "base64")`,
  ],
];

function bytesOf(numbers) {
  return Buffer.from(numbers.split(',').map(Number));
}

/** @type {import('esbuild').Plugin} */
const onlyWhatIsUsed = {
  name: 'only what is used',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^cdk8s(-plus-27)?$/ }, ({ path }) => ({ path, namespace: 'used' }));
    onLoad({ filter: /.*/, namespace: 'used' }, ({ path }) => ({ contents: USED[path], resolveDir: __dirname }));
    // Of a module, and not of an object that a module exports, esbuild sees what is used.
    onLoad({ filter: /[\\/]charts[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('import { k8s } from', 'import * as k8s from'),
      loader: 'ts',
    }));
    onLoad({ filter: /[\\/]cdk8s-plus-27[\\/]lib[\\/]imports[\\/]k8s\.js$/ }, ({ path }) => ({
      contents: rewritten(withoutSideEffects(readFileSync(path, 'utf8')), ONE_COPY),
    }));
    for (const [filter, pairs, loader] of [
      [/[\\/]imports[\\/].*\.ts$/, ONE_COPY, 'ts'],
      [/[\\/]cdk8s[\\/]lib[\\/]resolve\.js$/, ONLY_OBJECTS, 'js'],
      [/[\\/]tldts[\\/]dist[\\/].*\.js$/, COMPACT_SUFFIXES, 'js'],
    ]) {
      onLoad({ filter }, ({ path }) => ({ contents: rewritten(readFileSync(path, 'utf8'), pairs), loader }));
    }
    onResolve({ filter: /^(\.\/yaml|node:child_process)$/ }, ({ path, importer }) =>
      UNUSED.some((unused) => unused.path === path && unused.importer.test(importer))
        ? { path, namespace: 'unused' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: '' }));
  },
};

/**
 * Files that are written out as they are: the programs that pods run, and a workflow. The bundle holds their text.
 * @type {import('esbuild').Plugin}
 */
const filesAsText = {
  name: 'files as text',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](programs[\\/]index|init[\\/]repository|copy[\\/]volume-pod)\.ts$/ }, ({ path }) => {
      const textOf = (_, name) => JSON.stringify(readFileSync(join(dirname(path), name), 'utf8'));
      return { contents: readFileSync(path, 'utf8').replace(/\btextOf\('(.+?)'\)/g, textOf), loader: 'ts' };
    });
  },
};

/**
 * Bundles an entry and all that it needs into one file for Node.js.
 * @param {import('esbuild').BuildOptions} options
 */
function bundle({ plugins = [onlyWhatIsUsed], ...options }) {
  return build({
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    logLevel: 'warning',
    // Of one command, and larger than all the rest.
    external: ['@viz-js/viz'],
    plugins: [filesAsText, ...plugins],
    ...options,
  });
}

module.exports = { bundle };
