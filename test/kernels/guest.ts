import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeArchive, type ArchiveFile } from './cpio.ts';
import {
  buildInit,
  fetchKernel,
  KERNELS_DIRECTORY,
  type Kernel,
  type KernelVersion,
} from './fetch.ts';
import { modulesFor } from './modules.ts';

export interface GuestOptions {
  readonly kernel: KernelVersion;
  /** A CommonJS file on this machine, run in the guest by this machine's Node. */
  readonly bundle: string;
  /**
   * What else the guest has: path there to path here. The shared libraries of programs and addons come
   * along, and a file is executable there if it is so here.
   */
  readonly files?: Readonly<Record<string, string>>;
  /** Arguments of the bundle. */
  readonly argv?: readonly string[];
  /** From the start of the machine to its end. */
  readonly timeoutSeconds: number;
  /** Kernel modules to load before the bundle runs; what they depend on is loaded too. */
  readonly modules?: readonly string[];
}

export interface GuestResult {
  /** Of the bundle: 0 to 127, or 128 + the signal that ended it. */
  readonly exitStatus: number;
  /** What the bundle and its children wrote to stdout and stderr. */
  readonly output: string;
  /** What the kernel wrote to its console. */
  readonly console: string;
  /** From the start of the machine to its end. */
  readonly seconds: number;
}

const NODE = '/usr/bin/node';
const BUNDLE = '/guest/bundle.cjs';
const LOADER = '/lib64/ld-linux-x86-64.so.2';
const DIRECTORIES = [
  '/dev',
  '/proc',
  '/sys',
  '/etc',
  '/root',
  '/run',
  '/tmp',
  '/var/run',
  '/guest/modules',
];
// QEMU 7.2 emulates cmpxchg16b wrongly now and then (it leaves garbage in the flags), and the kernel's
// allocator uses it where the CPU has it: with it 6 of 19 boots of Linux 6.12 crashed, without it 0 of 40.
const CPU = 'max,cx16=off';
// On a busy machine the kernel measures the TSC wrong, by factors, and its clock with it: HPET needs no measuring.
const COMMAND_LINE = 'console=ttyS0 quiet loglevel=5 clocksource=hpet panic=-1';
const MEMORY_MIB = 1024; // 130 of initramfs, twice while it is unpacked; Node; the kernel
const CONSOLE_TAIL_LINES = 40;

/**
 * Boot a machine with this kernel, emulated without KVM, run the bundle in it as root, and give what
 * came out. Proc, sysfs, devtmpfs, bpffs and cgroup2 are mounted, lo is up, and there is no other device;
 * everything lies in memory.
 * @throws Error with the end of the console if the bundle did not come to its end in time
 */
export async function runInGuest(options: GuestOptions): Promise<GuestResult> {
  const kernel = fetchKernel(options.kernel);
  const work = mkdtempSync(join(KERNELS_DIRECTORY, 'guest-'));
  try {
    const initramfs = join(work, 'initramfs');
    writeArchive(initramfs, guestFiles(options, kernel), DIRECTORIES);
    const started = performance.now();
    const ending = await boot(kernel, initramfs, work, options.timeoutSeconds);
    const seconds = (performance.now() - started) / 1000;
    const text = readFileSync(join(work, 'output'), 'utf8');
    const console = readFileSync(join(work, 'console'), 'utf8');
    const [, output, status] = /^(.*)\nexit (\d+)\n$/s.exec(text) ?? [];
    if (output === undefined || status === undefined) {
      throw new Error(
        `Cannot run "${options.bundle}" in Linux ${kernel.release}: ${ending}; the console ends with\n` +
          `${tail(console)}\nand the output with\n${tail(text)}`,
      );
    }
    return { exitStatus: Number(status), output, console, seconds };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Run the machine to its end; gives how it ended, in words. */
async function boot(
  kernel: Kernel,
  initramfs: string,
  work: string,
  timeoutSeconds: number,
): Promise<string> {
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ['-machine', 'pc', '-accel', 'tcg', '-cpu', CPU, '-smp', '1', '-m', `${MEMORY_MIB}M`],
      ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ['-kernel', kernel.image, '-initrd', initramfs],
      ['-append', COMMAND_LINE],
      ['-serial', `file:${join(work, 'console')}`, '-serial', `file:${join(work, 'output')}`],
    ].flat(),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const kill = (): void => void machine.kill('SIGKILL');
  process.once('exit', kill);
  const timer = setTimeout(kill, timeoutSeconds * 1000);
  let complaint = '';
  machine.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  try {
    return await new Promise<string>((resolve, reject) => {
      machine.once('error', (error) =>
        reject(
          new Error('Cannot start "qemu-system-x86_64": is qemu-system-x86 installed?', {
            cause: error,
          }),
        ),
      );
      machine.once('close', (code, signal) => {
        if (signal === 'SIGKILL') resolve(`not done after ${timeoutSeconds} s`);
        else if (code === 0) resolve('the machine stopped early');
        else reject(new Error(`Cannot run "qemu-system-x86_64": ${complaint.trim()}`));
      });
    });
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

function guestFiles(options: GuestOptions, kernel: Kernel): Map<string, ArchiveFile> {
  const files = new Map<string, ArchiveFile>();
  const argv = [NODE, BUNDLE, ...(options.argv ?? [])];
  const data = (path: string, content: Uint8Array): void =>
    void files.set(path, { content, executable: false });
  data('/guest/argv', Buffer.from(argv.map((argument) => `${argument}\0`).join('')));
  modulesFor(kernel.modules, options.modules ?? []).forEach(({ name, content }, index) =>
    data(`/guest/modules/${String(index).padStart(4, '0')}-${name}`, content),
  );
  const wanted: Record<string, string> = {
    ...options.files,
    '/init': buildInit(),
    [NODE]: process.execPath,
    [BUNDLE]: options.bundle,
  };
  for (const [path, from] of Object.entries(wanted)) {
    files.set(path, { content: { from }, executable: (statSync(from).mode & 0o111) !== 0 });
    for (const library of sharedLibraries(from)) {
      files.set(library, { content: { from: library }, executable: true });
    }
  }
  return files;
}

/** What the dynamic loader would load for this file, itself included: absolute paths. */
function sharedLibraries(path: string): string[] {
  if (!isDynamic(path)) return [];
  const list = execFileSync(LOADER, ['--list', path], { encoding: 'utf8', stdio: 'pipe' });
  const missing = /^\s*(\S+) => not found$/m.exec(list)?.[1];
  if (missing !== undefined)
    throw new Error(`Cannot take "${path}" along: "${missing}" is not found`);
  return [...list.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, library]) => library ?? []);
}

/** Is it a program or library for this machine that the dynamic loader must load? (elf(5)) */
function isDynamic(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(4096);
    if (readSync(file, start) < 64 || start.toString('latin1', 0, 4) !== '\x7fELF') return false;
    const [program, library, x86] = [2, 3, 62];
    const type = start.readUInt16LE(16);
    if (start.readUInt16LE(18) !== x86 || (type !== program && type !== library)) return false;
    const size = start.readUInt16LE(54);
    const headers = Array.from({ length: start.readUInt16LE(56) }, (_, index) => 64 + index * size);
    const dynamic = 2;
    return headers.some((at) => at + 4 <= start.length && start.readUInt32LE(at) === dynamic);
  } finally {
    closeSync(file);
  }
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-CONSOLE_TAIL_LINES).join('\n');
}
