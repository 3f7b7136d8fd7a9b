import assert from 'node:assert/strict';

/** Waits until what is asked for is so; fails with the last difference. */
export async function eventually(
  look: () => void | Promise<void>,
  patience = 20_000,
): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
