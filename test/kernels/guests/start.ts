/**
 * Runs in a guest that has a LAN and a WAN device: `domainroute start`, a look at what is attached, `domainroute
 * reload` with another mark of the rule, `domainroute stop`; one line of JSON.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfLink, loadAddon } from '#libbpf-ts';

export interface CommandReport {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartReport {
  readonly start: CommandReport;
  /** Links that start pinned, by the pin's name. */
  readonly links: Readonly<Record<string, LinkReport>>;
  readonly reload: CommandReport;
  readonly stop: CommandReport;
  /** What is left below the bpffs after stop. */
  readonly left: readonly string[];
}

export interface LinkReport {
  /** enum bpf_link_type */
  readonly type: number;
  /** enum bpf_attach_type */
  readonly attachType: number;
  readonly attached: boolean;
}

const CONFIGURATION = '/etc/config/domainroute';
const BPFFS = '/sys/fs/bpf';
const DEVICES = ['lan0', 'wan0'];

function run(...[program = '', ...args]: readonly string[]): CommandReport {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

function must(...argv: readonly string[]): void {
  const { status, stderr } = run(...argv);
  if (status !== 0) throw new Error(`Cannot run "${argv.join(' ')}": ${stderr.trim()}`);
}

function domainroute(verb: string): CommandReport {
  return run(process.execPath, '/guest/domainroute.cjs', verb);
}

function pins(): string[] {
  const entries = readdirSync(BPFFS, { recursive: true, encoding: 'utf8' });
  // the kernel keeps two iterators there where bpf_preload is built in
  return entries.filter((entry) => !['maps.debug', 'progs.debug'].includes(entry)).sort();
}

function readLinks(): Record<string, LinkReport> {
  const links: Record<string, LinkReport> = {};
  for (const pin of pins()) {
    const [, name] = /\/links\/([^/]+)$/.exec(pin) ?? [];
    const link = name === undefined ? undefined : BpfLink.openPinned(join(BPFFS, pin));
    if (name === undefined || link === undefined) continue;
    const { type, attachType, programId } = link.info;
    links[name] = { type, attachType, attached: programId !== 0 };
    link.close();
  }
  return links;
}

loadAddon('/guest/libbpf.node');
for (const device of DEVICES) {
  must('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', `${device}-peer`);
  must('ip', 'link', 'set', device, 'up');
}
const start = domainroute('start');
const links = readLinks();
writeFileSync(CONFIGURATION, readFileSync(CONFIGURATION, 'utf8').replace('0x23/', '0x24/'));
const reload = domainroute('reload');
const stop = domainroute('stop');
const report: StartReport = { start, links, reload, stop, left: pins() };
process.stdout.write(`${JSON.stringify(report)}\n`);
