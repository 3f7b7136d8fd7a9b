/** What every file of tests with a browser imports: time for a busy machine, and the end of the browser. */
import { closeBrowser } from './browser.ts';

/** Milliseconds: some tests take a dozen of steps. */
const TEST_TIMEOUT = 90_000;

beforeEach(function () {
  this.currentTest?.timeout(TEST_TIMEOUT);
});

after(closeBrowser);
