/**
 * Targets that no rule has any more, while connections may still go by them: their routing tables tell what they are.
 * A rule that comes back gets its number back, and the connections of before are on its way again.
 */
import type { KernelRouting } from '../route/index.ts';
import type { LiveTargets, TargetKey } from './targets.ts';

/** Adds those of `wanted` that are in the kernel's tables, but in no rule. `deviceOf`: of an interface, as it is now. */
export function withRetired(
  live: LiveTargets,
  wanted: readonly TargetKey[],
  deviceOf: (name: string) => string | undefined,
  table: number,
  routing: KernelRouting,
): LiveTargets {
  const numbers = new Map(live.numbers);
  const taken = new Set(numbers.values());
  const retired = new Map<string, number>();
  for (const number of [...live.recent].sort((a, b) => b - a)) {
    const way = wayOfTable(table + number, routing);
    if (!taken.has(number) && way !== undefined) retired.set(way, number);
  }
  for (const key of wanted) {
    const [fallback = '', ...name] = key.split(' ');
    const device = deviceOf(name.join(' '));
    const way = key === 'blocked' ? key : `${fallback} ${device ?? ''}`;
    const number = retired.get(way);
    if (numbers.has(key) || number === undefined) continue;
    numbers.set(key, number);
    retired.delete(way);
  }
  return { ...live, numbers };
}

/** As a TargetKey, but with the device. Undefined: the table has lost its routes. */
function wayOfTable(table: number, { inet, inet6 }: KernelRouting): string | undefined {
  const routes = [...inet.routes, ...(inet6?.routes ?? [])].filter(
    (route) => route.table === table,
  );
  if (routes.some(({ type }) => type === 'prohibit')) return 'blocked';
  const device = routes.find(({ type }) => type === 'unicast')?.device;
  if (device === undefined) return undefined;
  const strict = routes.some(({ type }) => type === 'unreachable');
  return `${strict ? 'block' : 'main'} ${device}`;
}
