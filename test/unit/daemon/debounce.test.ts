import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { debounce } from '../../../src/daemon/debounce.ts';

describe('a burst of calls', () => {
  it('is one call, and one that comes later is another', async () => {
    let count = 0;
    let called = (): void => undefined;
    const next = (): Promise<void> => new Promise((resolve) => (called = resolve));
    const { call } = debounce(
      () => {
        count++;
        called();
      },
      { delayMs: 1, restMs: 2 },
    );
    const first = next();
    for (let i = 0; i < 1000; i++) call();
    await first;
    assert.equal(count, 1);
    const second = next();
    for (let i = 0; i < 1000; i++) call();
    await second;
    assert.equal(count, 2);
  });

  it('is none once it is closed', async () => {
    let count = 0;
    const { call, close } = debounce(() => count++, { delayMs: 1, restMs: 1 });
    call();
    close();
    call();
    await wait(20);
    assert.equal(count, 0);
  });
});
