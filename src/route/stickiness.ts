/**
 * `table inet domainroute`: a live connection stays on the uplink it began with, whatever rules, facts or
 * verdicts become in the meantime. The connection's mark remembers, under our mask, the packet mark that its
 * first packets had; bits outside the mask are left alone in both.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { formatMark, markOfIndex, maxIndex } from '../model/mark.ts';
import { commandError, ProgramMissingError, runCommand, type Runner } from './command.ts';
import { TARGETS_MAX } from './target.ts';

const TABLE = ['inet', 'domainroute'] as const;

/**
 * The table as `nft -f` takes it, replacing any other in one transaction. nft cannot "or" two values that are
 * not constant, so verdict maps lead to one chain a number. All numbers are there from the start: rules can
 * change without the table, and a packet costs the same however many there are.
 *
 * Most packets have neither mark: they leave by the first rule (some 40 ns; a test of the device before it would
 * cost as much again). Devices do not matter: only packets from the LAN get a mark of ours, and whoever copies a
 * whole ct mark to answers from the WAN has our bits taken off again. New connections that have no way are
 * refused here, each at once. `markMask`: contiguous bits, unsigned.
 */
export function renderTable(markMask: number): string {
  const mask = formatMark(markMask);
  const others = formatMark(~markMask);
  const count = Math.min(TARGETS_MAX, maxIndex(markMask)) + 1;
  const marks = Array.from({ length: count }, (_, n) => formatMark(markOfIndex(markMask, n)));
  const verdicts = (verb: string): string =>
    marks.map((mark, n) => `${mark} : goto ${verb}_${n}`).join(', ');
  const chain = (name: string, ...rules: readonly string[]): string =>
    `\tchain ${name} {\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}`;
  const set = (what: string, mark: string): string =>
    `${what} mark set ${what} mark & ${others} | ${mark}`;

  const chains = [
    ...marks.map((mark, n) => chain(`save_${n}`, set('ct', mark))),
    ...marks.map((mark, n) => chain(`restore_${n}`, set('meta', mark))),
    chain('refuse', 'meta l4proto tcp reject with tcp reset', 'reject with icmpx admin-prohibited'),
    chain('save', `meta mark & ${mask} vmap { ${verdicts('save')} }`),
    chain(
      'prerouting',
      // after connection tracking (-200), before destination NAT (-100) and the routing decision
      'type filter hook prerouting priority -150; policy accept;',
      `meta mark & ${mask} == 0x0 ct mark & ${mask} == 0x0 accept`,
      // answers go where the main table says, whoever began
      'ct direction reply goto restore_0',
      // blocked, or the kill switch: the kernel's own errors would come once a second at most
      `ct state new meta mark & ${mask} != 0x0 fib daddr . mark oif missing goto refuse`,
      'ct state new goto save',
      `ct mark & ${mask} vmap { ${verdicts('restore')} }`,
    ),
  ];
  const name = TABLE.join(' ');
  const body = chains.join('\n');
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return `add table ${name}\ndelete table ${name}\ntable ${name} {\n\tcomment "${digest}"\n${body}\n}\n`;
}

/**
 * Loads the table unless it is there already; marks of connections survive either way. Only targets need it.
 * Returns whether anything changed. Throws DomainrouteError: no nft, no rights.
 */
export async function applyStickiness(
  markMask: number,
  run: Runner = runCommand,
): Promise<boolean> {
  const wanted = renderTable(markMask);
  if (isWhole(await listTable(run), wanted)) return false;
  const argv = ['nft', '-f', '-'];
  const result = await run(argv, wanted);
  if (result.status !== 0) throw commandError('load nft table inet domainroute', argv, result);
  return true;
}

/**
 * Why the table cannot do its work here, with the next step, or undefined. With these sysctls of br_netfilter on
 * (Docker sets them, OpenWrt clears them), packets of a bridge pass our hook in the bridge, before the data path
 * has marked them, and not again behind it (`ip_sabotage_in`, net/bridge/br_netfilter_hooks.c).
 */
export async function stickinessObstacle(
  readSysctl: (file: string) => Promise<string> = (file) => readFile(file, 'utf8'),
): Promise<string | undefined> {
  const set: string[] = [];
  for (const name of ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables']) {
    // a kernel without br_netfilter has no such file
    const value = await readSysctl(`/proc/sys/net/bridge/${name}`).catch(() => '0');
    if (value.trim() !== '0') set.push(`net.bridge.${name}`);
  }
  if (set.length === 0) return undefined;
  return `live connections can change their interface: ${set.join(' and ')} is on (set it to 0)`;
}

/** Removes the table (S5). Returns whether it was there: not so without nft. Connections keep their mark. */
export async function removeStickiness(run: Runner = runCommand): Promise<boolean> {
  try {
    if ((await listTable(run)) === undefined) return false;
  } catch (error) {
    if (error instanceof ProgramMissingError) return false;
    throw error;
  }
  const argv = ['nft', 'delete', 'table', ...TABLE];
  const result = await run(argv);
  if (result.status !== 0) throw commandError('remove nft table inet domainroute', argv, result);
  return true;
}

/** The table as nft prints it without its sets, or undefined. */
async function listTable(run: Runner): Promise<string | undefined> {
  const argv = ['nft', '-t', 'list', 'table', ...TABLE];
  const result = await run(argv);
  if (result.status === 0) return result.stdout;
  if (/No such file or directory/.test(result.stderr)) return undefined;
  throw commandError('read nft table inet domainroute', argv, result);
}

/** What of the table nft prints as we write it, in all its versions. */
const LANDMARKS = [
  /\bchain \w+ \{/g,
  / mark set /g,
  /\bct state new /g,
  /\breject with /g,
] as const;

/** Is it this table, with all of its rules? `nft flush table` leaves chains and the digest. */
function isWhole(listing: string | undefined, wanted: string): boolean {
  if (digestOf(listing) !== digestOf(wanted)) return false;
  const count = (text: string | undefined, landmark: RegExp): number =>
    text?.match(landmark)?.length ?? 0;
  return LANDMARKS.every((landmark) => count(listing, landmark) === count(wanted, landmark));
}

function digestOf(table: string | undefined): string | undefined {
  return /^\tcomment "([0-9a-f]{16})"$/m.exec(table ?? '')?.[1];
}
