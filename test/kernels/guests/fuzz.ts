/** Runs in a guest: the fuzz core, with its result as the one line of output. Arguments: frames, seed. */
import { release } from 'node:os';
import { runFuzz } from '../../bpf/fuzz.ts';

const [frames, seed] = process.argv.slice(2).map(Number);
if (frames === undefined || seed === undefined)
  throw new Error('Cannot run: frames and seed are missing');
const result = runFuzz({
  frames,
  seed,
  objectsDirectory: '/guest/bpf',
  addonPath: '/guest/libbpf.node',
  roundFrames: 500,
});
process.stdout.write(`${JSON.stringify({ release: release(), ...result })}\n`);
