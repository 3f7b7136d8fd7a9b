// A mocha reporter that prints failures and skipped tests only, then one line of JSON with the counts.
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

const indent = (text) => text.replace(/^/gm, '    ');

export default class Reporter {
  constructor(runner) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    runner.on(EVENT_TEST_PASS, () => counts.passed++);
    runner.on(EVENT_TEST_PENDING, (test) => {
      counts.skipped++;
      console.log(`  skipped: ${test.fullTitle()}`);
    });
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      counts.failed++;
      console.log(`  FAILED: ${test.fullTitle()}`);
      console.log(indent(String(error.stack ?? error)));
      if (error.actual !== undefined && error.expected !== undefined && error.showDiff !== false) {
        console.log(
          indent(Mocha.reporters.Base.generateDiff(show(error.actual), show(error.expected))),
        );
      }
    });
    runner.once(EVENT_RUN_END, () => process.stderr.write(`\n${JSON.stringify({ counts })}\n`));
  }
}

function show(value) {
  return typeof value === 'string' ? value : Mocha.utils.stringify(value);
}
