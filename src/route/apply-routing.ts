/** Brings the kernel's ip rules and routing tables to what targets need. */
import { commandError, ProgramMissingError, runCommand, type Runner } from './command.ts';
import { readRouting, type KernelRouting } from './kernel-routing.ts';
import { planRouting, type IpBatch } from './plan-routing.ts';
import type { RoutingOptions, Target } from './target.ts';

/**
 * Makes what `wanted` needs and removes what else is ours. May be repeated at any time: only differences are
 * applied, such as routes that the kernel dropped with their link. If a command fails the others are carried
 * out nevertheless, so that the kill switches stand; then DomainrouteError is thrown. `known`: what was read
 * a moment ago. Returns the number of commands carried out: 0 when all was there already.
 */
export async function applyRouting(
  wanted: readonly Target[],
  options: RoutingOptions,
  run: Runner = runCommand,
  known?: KernelRouting,
): Promise<number> {
  const found = known ?? (await readRouting(run));
  return runBatch(planRouting(wanted, options, found), run);
}

/**
 * Removes every ip rule and route of ours, whatever table they were made for (S5). Returns their number: 0
 * without an ip that could have made them.
 */
export async function removeRouting(run: Runner = runCommand): Promise<number> {
  // neither option matters without targets
  const options = { table: 0, markMask: 1 };
  try {
    return await runBatch(planRouting([], options, await readRouting(run)), run);
  } catch (error) {
    if (error instanceof ProgramMissingError) return 0;
    throw error;
  }
}

async function runBatch(batch: IpBatch, run: Runner): Promise<number> {
  const results = await Promise.allSettled([
    runFamily('-4', batch.inet, run),
    runFamily('-6', batch.inet6, run),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return batch.inet.length + batch.inet6.length;
}

async function runFamily(
  family: '-4' | '-6',
  lines: readonly string[],
  run: Runner,
): Promise<void> {
  if (lines.length === 0) return;
  const argv = ['ip', family, '-force', '-batch', '-'];
  const result = await run(argv, `${lines.join('\n')}\n`);
  if (result.status !== 0) throw commandError('set up the routing tables', argv, result);
}
