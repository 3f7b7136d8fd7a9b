/** All that the product could leave on the router, to be compared before and after. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Lab } from '../../lab/lab.ts';

const COMMANDS = [
  'ip -4 rule show',
  'ip -6 rule show',
  'ip -4 route show table all',
  'ip -6 route show table all',
  'nft list ruleset',
  'tc qdisc show',
  // listeners
  'ss -Hlntup',
];

/** What {@link traces} needs that the lab does not. */
export const TRACES_PROGRAMS = ['bpftool', 'tc', 'ss'];

export async function traces(lab: Lab): Promise<Readonly<Record<string, unknown>>> {
  const { pin, run, cgroup, config } = lab.directories;
  const outputs = await Promise.all(
    [...COMMANDS.map((text) => text.split(' ')), ['bpftool', 'cgroup', 'show', cgroup]].map(
      async (argv) => [argv.join(' '), await lab.router.output(argv)] as const,
    ),
  );
  return {
    ...Object.fromEntries(outputs),
    pins: readdirSync(dirname(pin), { recursive: true }).map(String).sort(),
    run: existsSync(run),
    config: readdirSync(config).sort(),
  };
}

/** Numbers that the kernel gave to what is pinned. */
export interface KernelObjects {
  /** By pin. */
  readonly links: Readonly<Record<string, number>>;
  readonly programs: readonly number[];
  readonly maps: readonly number[];
}

/** What is pinned now, as the kernel numbers it. */
export async function kernelObjects(lab: Lab): Promise<KernelObjects> {
  const version = `${lab.directories.pin}/v1`;
  const pins = (folder: string): readonly string[] => readdirSync(`${version}/${folder}`).sort();
  const show = async <T>(kind: 'link' | 'map', folder: string): Promise<readonly T[]> => {
    const lines = pins(folder).map((pin) => `${kind} show pinned ${version}/${folder}/${pin}\n`);
    const argv = ['bpftool', '-j', 'batch', 'file', '-'];
    const text = await lab.router.output(argv, lines.join(''));
    return (JSON.parse(text) as readonly { readonly output: T }[]).map(({ output }) => output);
  };
  const links = await show<{ readonly id: number; readonly prog_id: number }>('link', 'links');
  const maps = await show<{ readonly id: number }>('map', 'maps');
  return {
    links: Object.fromEntries(pins('links').map((pin, i) => [pin, links[i]?.id ?? 0])),
    programs: [...new Set(links.map((link) => link.prog_id))],
    maps: maps.map(({ id }) => id),
  };
}

/** Which of these the kernel still has. Each is asked for alone: a list fails when any other ends meanwhile. */
export async function alive(lab: Lab, objects: Partial<KernelObjects>): Promise<readonly string[]> {
  const wanted = [
    ...Object.values(objects.links ?? {}).map((id) => ['link', id] as const),
    ...(objects.programs ?? []).map((id) => ['prog', id] as const),
    ...(objects.maps ?? []).map((id) => ['map', id] as const),
  ];
  const found = await Promise.all(
    wanted.map(async ([kind, id]) => {
      const { status } = await lab.router.run(['bpftool', '-j', kind, 'show', 'id', String(id)]);
      return status === 0 ? [`${kind} ${id}`] : [];
    }),
  );
  return found.flat();
}

/** The cgroup's programs by hook. */
export async function socketPrograms(lab: Lab): Promise<readonly string[]> {
  const argv = ['bpftool', '-j', 'cgroup', 'show', lab.directories.cgroup];
  const programs = JSON.parse((await lab.router.output(argv)) || '[]') as readonly {
    readonly attach_type: string;
    readonly name: string;
  }[];
  return programs.map(({ name }) => name).sort();
}

/** Processes of the router, by pid and command line. */
export async function processes(lab: Lab): Promise<readonly string[]> {
  const text = await lab.router.output(['ip', 'netns', 'pids', lab.router.netns]);
  const pids = text.split('\n').filter((line) => line !== '');
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const { stdout } = await lab.router.run(['cat', `/proc/${pid}/cmdline`]);
      return `${pid} ${stdout.replaceAll('\0', ' ')}`;
    }),
  );
  // not those that look
  return lines.filter((line) => !/^\d+ (ip netns pids|$)/.test(line)).sort();
}
