import assert from 'node:assert/strict';
import { Jobs } from '../../../src/daemon/jobs.ts';

/** A job that notes when it runs, and ends when it is told. */
function job(log: string[], name: string): { task: () => Promise<string>; end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const task = async (): Promise<string> => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} ends`);
    return name;
  };
  return { task, end };
}

describe('jobs of the daemon', () => {
  it('run one at a time, in the order they were asked for', async () => {
    const log: string[] = [];
    const jobs = new Jobs();
    const [first, second] = [job(log, 'first'), job(log, 'second')];
    const results = [jobs.run('a', first.task), jobs.run('b', second.task)];
    second.end();
    first.end();
    assert.deepEqual(await Promise.all(results), ['first', 'second']);
    assert.deepEqual(log, ['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('are not queued twice: who asks again gets the one that waits', async () => {
    const log: string[] = [];
    const jobs = new Jobs();
    const running = job(log, 'running');
    const first = jobs.run('a', running.task);
    const waiting = job(log, 'waiting');
    const results = [jobs.run('b', waiting.task), jobs.run('b', job(log, 'never').task)];
    running.end();
    waiting.end();
    assert.equal(await first, 'running');
    assert.deepEqual(await Promise.all(results), ['waiting', 'waiting']);
    assert.equal(log.includes('never begins'), false);
  });

  it('run again when they are asked for while they run', async () => {
    const log: string[] = [];
    const jobs = new Jobs();
    const [first, second] = [job(log, 'first'), job(log, 'second')];
    const one = jobs.run('a', first.task);
    while (log.length === 0) await Promise.resolve();
    const two = jobs.run('a', second.task);
    first.end();
    second.end();
    assert.deepEqual(await Promise.all([one, two]), ['first', 'second']);
  });

  it('that fail tell who asked, and the next one runs', async () => {
    const jobs = new Jobs();
    const failing = jobs.run('a', () => Promise.reject(new Error('no')));
    const next = jobs.run('b', () => Promise.resolve('yes'));
    await assert.rejects(failing, { message: 'no' });
    assert.equal(await next, 'yes');
  });
});
