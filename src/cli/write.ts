/** Writing to stdout and stderr: what process.stdout does, whose streams take a tenth of a start to load. */
import { writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/** Milliseconds until a pipe that is full is tried again. */
const PATIENCE = 2;

/** Writes all of a text. False if nobody reads any more. Throws the system's other errors. */
export function write(fd: number, text: string): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EPIPE') return false;
      if (errno !== 'EAGAIN') throw error;
      // a pipe that does not block, as some parents make it
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE);
    }
  }
  return true;
}
