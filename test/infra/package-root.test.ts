import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../infra/package-root';

it('is the clone, for a clone', () => {
  expect(packageRoot()).toBe(join(__dirname, '../..'));
});

it('is the installed package, not the app that installed it', () => {
  const app = mkdtempSync(join(tmpdir(), 'app-'));
  const installed = join(app, 'node_modules', 'connector');
  mkdirSync(join(installed, 'dist', 'infra'), { recursive: true });
  for (const folder of [app, installed]) writeFileSync(join(folder, 'package.json'), '{}');
  expect(packageRoot(join(installed, 'dist', 'infra'))).toBe(installed);
});

it("asks for the bundle's folder where there is no package", () => {
  expect(() => packageRoot('/')).toThrow('give bundlePath');
});
