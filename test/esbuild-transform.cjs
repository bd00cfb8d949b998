const { transformSync } = require('esbuild');

/** Jest transform: types are stripped and ES modules become CommonJS; dynamic imports too, which jest cannot load. Nothing is type-checked here (`npm run typecheck` does that). */
module.exports = {
  process: (source, path) =>
    transformSync(source, {
      sourcefile: path,
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      format: 'cjs',
      target: 'node20',
      supported: { 'dynamic-import': false },
      sourcemap: 'inline',
    }),
};
