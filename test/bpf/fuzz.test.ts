import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { runFuzz } from './fuzz.ts';
import { REASON, reasonName } from './model/reasons.ts';
import { ADDON, needsKernel, OBJECTS } from './setup.ts';

/** LRU maps do not refuse an update; and by chance alone few frames have an address of the other kind. */
const UNREACHABLE: readonly number[] = [REASON.MAP_FULL, REASON.RESERVED_ADDRESS];

describe('mutated frames', function () {
  needsKernel(this);
  this.timeout(600_000);

  const frames = Number(process.env['DR_FUZZ_FRAMES'] ?? 1_000_000);
  const seed = Number(process.env['DR_FUZZ_SEED'] ?? randomInt(0x100000000));
  const firstRound = Number(process.env['DR_FUZZ_ROUND'] ?? 0);

  it(`${frames} of them, the programs and the model do the same (DR_FUZZ_SEED=${seed})`, () => {
    const result = runFuzz({
      frames,
      seed,
      firstRound,
      objectsDirectory: OBJECTS,
      addonPath: ADDON,
    });
    const first = result.firstDifference;
    assert.equal(
      result.differences,
      0,
      first &&
        `DR_FUZZ_SEED=${first.seed} DR_FUZZ_ROUND=${first.round}, frame ${first.frame}, ` +
          `${first.program}: ${first.difference}\n${first.hex}`,
    );
    assert.ok(result.unclear <= 1 + result.rounds / 50, `${result.unclear} rounds were unclear`);
    assert.ok(result.refused < result.frames / 20, `${result.refused} frames were refused`);
    if (frames >= 100_000) {
      const missing = Object.values(REASON).filter(
        (r) => !UNREACHABLE.includes(r) && result.reasons[r] === 0,
      );
      assert.deepEqual(missing.map(reasonName), [], 'reasons no frame came to');
    }
    console.log(
      `      ${result.frames} frames in ${result.seconds.toFixed(1)} s; ` +
        Object.values(REASON)
          .map((r) => `${reasonName(r)} ${result.reasons[r] ?? 0}`)
          .join(', '),
    );
  });
});
