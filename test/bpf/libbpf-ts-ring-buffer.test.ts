import assert from 'node:assert/strict';
import { join } from 'node:path';
import { RingBuffer } from '#libbpf-ts';
import { bpfError, child, useKernel, readU32, u32, u64, until } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: RingBuffer', () => {
  const kernel = useKernel();

  const emit = (count: number): void => {
    const { returnValue } = kernel.object
      .program('report')
      .testRun({ data: new Uint8Array(64), repeat: count });
    assert.equal(returnValue, 0);
  };

  it('delivers records on the event loop', async () => {
    const records: Uint8Array[] = [];
    const ring = new RingBuffer(kernel.object.map('events'), (record) => records.push(record));
    const first = (kernel.object.map('packets').lookup(u32(0)) ?? u64(0n)).slice(0, 8);
    emit(2);
    await until(() => records.length === 2);
    assert.deepEqual(records[0], Uint8Array.from([...first, ...new Array<number>(12).fill(0x11)]));
    assert.equal(records[1]?.length, 20);
    emit(1);
    await until(() => records.length === 3);
    ring.close();
  });

  it('gives what is there at once, however much', () => {
    const numbers: number[] = [];
    const ring = new RingBuffer(kernel.object.map('events'), (record) =>
      numbers.push(readU32(record) ?? -1),
    );
    assert.equal(ring.consume(), 0);
    emit(20_000); // 32 bytes each, more than one batch
    assert.equal(ring.consume(), 20_000);
    assert.ok(numbers.every((number, index) => number === (numbers[0] ?? 0) + index));
    ring.close();
  });

  it('delivers nothing after close', () => {
    let count = 0;
    const ring = new RingBuffer(kernel.object.map('events'), () => {
      count++;
      ring.close();
    });
    emit(3);
    assert.equal(ring.consume(), 1);
    assert.equal(count, 1);
    assert.throws(() => ring.consume(), bpfError('EBADF', /^Cannot use closed ring buffer/));
    assert.throws(() => ring.unref(), bpfError('EBADF', /^Cannot use closed ring buffer/));
    ring.close();
  });

  it('may be closed by its receiver on the event loop', async () => {
    let count = 0;
    const ring = new RingBuffer(kernel.object.map('events'), () => {
      count++;
      ring.close();
    });
    emit(3);
    await until(() => count > 0);
    assert.equal(count, 1);
    assert.throws(() => ring.consume(), bpfError('EBADF', /^Cannot use closed ring buffer/));
  });

  it('lets exceptions of the receiver surface, and goes on', () => {
    const path = join(kernel.pins, 'events');
    const ring = new RingBuffer(kernel.object.map('events'), () => undefined);
    ring.consume();
    ring.close();
    kernel.object.map('events').pin(path);
    emit(2);
    assert.deepEqual(child(['throw', path]), ['record', 'thrown for a record', 'record']);
  });

  it('does not keep or break a process or worker that ends with it open', () => {
    const terminated = 1;
    assert.equal(child(['leave', join(kernel.pins, 'events')]), terminated);
  });

  it('refuses other maps', () => {
    assert.throws(
      () => new RingBuffer(kernel.object.map('places'), () => undefined),
      bpfError('EINVAL', /^Cannot open ring buffer 'places': EINVAL/),
    );
  });
});
