// Runs lint and every mocha suite, one process each, so that a crash of one does not hide the others. The
// last line is "N passed, N failed, N skipped"; the exit status is 1 if anything failed or nothing ran.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const SUITES = ['test/unit', 'test/bpf', 'test/netns', 'test/package', 'test/luci', 'test/kernels'];
const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

function run(command, args) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

function report(name, counts, started) {
  for (const key of Object.keys(total)) total[key] += counts[key];
  const { passed, failed, skipped } = counts;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
}

function lint() {
  const started = Date.now();
  const result = run('make', ['--no-print-directory', 'lint']);
  if (result.status !== 0) console.log(`${result.stdout}${result.stderr}`);
  const passed = result.status === 0 ? 1 : 0;
  report('lint', { passed, failed: 1 - passed, skipped: 0 }, started);
}

function files(suite) {
  if (!existsSync(suite)) return [];
  const entries = readdirSync(suite, { recursive: true });
  return entries.filter((entry) => entry.endsWith('.test.ts')).map((entry) => `${suite}/${entry}`);
}

function mocha(suite) {
  const specs = files(suite).sort();
  if (specs.length === 0) return;
  const started = Date.now();
  const mochaArgs = [
    '--no-config',
    '--timeout',
    '20000',
    '--reporter',
    './.ci/reporter.mjs',
    ...specs,
  ];
  const result = run(process.execPath, [
    '--import',
    'tsx',
    'node_modules/mocha/bin/mocha.js',
    ...mochaArgs,
  ]);
  const summary = /^\{"counts":(\{.*\})\}$/m.exec(result.stderr ?? '');
  const talk = `${result.stdout}${(result.stderr ?? '').replace(summary?.[0] ?? '', '')}`.trim();
  if (talk !== '') console.log(talk);
  const counts = summary ? JSON.parse(summary[1]) : { passed: 0, failed: 0, skipped: 0 };
  // a crash, a file that does not load, or a failure outside of a test
  if (result.status !== 0 && counts.failed === 0) {
    console.log(`  FAILED: ${suite} ended with ${result.signal ?? `status ${result.status}`}`);
    counts.failed++;
  }
  report(suite, counts, started);
}

if (only.length === 0) lint();
for (const suite of only.length === 0 ? SUITES : only) mocha(suite);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
