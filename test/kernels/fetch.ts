import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

/** The kernels of the matrix: Linux releases that Debian packages. */
export const KERNELS = ['6.1', '6.12'] as const;
export type KernelVersion = (typeof KERNELS)[number];

/** A kernel that is unpacked on this machine. */
export interface Kernel {
  readonly version: KernelVersion;
  /** What uname -r says in it. */
  readonly release: string;
  /** The bootable image. */
  readonly image: string;
  /** Its /lib/modules/<release>. */
  readonly modules: string;
}

/** Where kernels and what else the guests are made of are kept; dist/ is not under version control. */
export const KERNELS_DIRECTORY = resolve(import.meta.dirname, '../../dist/kernels');

/** Debian suites that have the kernel, the first one first. */
const SUITES: Record<KernelVersion, readonly string[]> = {
  '6.1': ['bookworm'],
  '6.12': ['bookworm-backports', 'trixie'],
};
const META_PACKAGE = 'linux-image-cloud-amd64';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';

/**
 * The kernel of this version, downloaded with apt and unpacked on first use. Nothing is installed: apt
 * works with sources and lists of our own.
 * @throws Error if no suite could give it, with what apt said
 */
export function fetchKernel(version: KernelVersion): Kernel {
  const root = join(KERNELS_DIRECTORY, version);
  if (!existsSync(root)) download(version, root);
  const modules = join(root, 'lib/modules');
  const [release, another] = readdirSync(modules);
  if (release === undefined || another !== undefined) {
    throw new Error(
      `Cannot use the kernel in "${root}": not exactly one release (remove it and try again)`,
    );
  }
  const image = join(root, 'boot', `vmlinuz-${release}`);
  return { version, release, image, modules: join(modules, release) };
}

/** Unpack beside `root` first, so that `root` is either missing or whole. */
function download(version: KernelVersion, root: string): void {
  const failures: string[] = [];
  for (const suite of SUITES[version]) {
    const work = `${root}.${suite}.partial`;
    rmSync(work, { recursive: true, force: true });
    try {
      const archive = downloadPackage(version, suite, work);
      const tree = join(work, 'tree');
      execFileSync('dpkg-deb', ['--extract', archive, tree], { stdio: 'pipe' });
      renameSync(tree, root);
      return;
    } catch (error) {
      failures.push(`${suite}: ${reasonOf(error)}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  throw new Error(
    `Cannot fetch Linux ${version} from Debian: ${failures.join('; ')} (is the mirror reachable?)`,
  );
}

/** Download the kernel's package into `work`; gives the path of the .deb. */
function downloadPackage(version: KernelVersion, suite: string, work: string): string {
  for (const directory of ['lists/partial', 'cache', 'download']) {
    mkdirSync(join(work, directory), { recursive: true });
  }
  const sources = join(work, 'sources.list');
  writeFileSync(sources, `deb [arch=amd64 signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    'Dir::Etc::preferencesparts=-',
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'APT::Architecture=amd64',
    'APT::Sandbox::User=root', // _apt cannot write here
    'APT::Update::Error-Mode=any', // a mirror that is not reachable is no warning
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option]);
  apt('apt-get', [...options, 'update'], work);
  const name = imagePackage(
    apt('apt-cache', [...options, 'show', '--no-all-versions', META_PACKAGE], work),
  );
  if (!name.startsWith(`linux-image-${version}.`)) {
    throw new Error(`its kernel is ${name}`);
  }
  const target = join(work, 'download');
  apt('apt-get', [...options, 'download', name], target);
  const [archive] = readdirSync(target);
  if (archive === undefined) throw new Error(`apt-get download left nothing of ${name}`);
  return join(target, archive);
}

/** The package that the meta package depends on. */
function imagePackage(record: string): string {
  const name = /^Depends:.*?\b(linux-image-[a-z0-9.+-]+)/m.exec(record)?.[1];
  if (name === undefined) throw new Error(`${META_PACKAGE} depends on no kernel`);
  return name;
}

/** The Debian mirror that this machine's own sources name, else Debian's. */
function mirror(): string {
  try {
    const format = '$(ORIGIN) $(CODENAME) $(REPO_URI)';
    const targets = apt(
      'apt-get',
      ['indextargets', '--format', format, 'Created-By: Packages'],
      '/',
    );
    const main = /^Debian [a-z]+ (\S+\/debian)\/?$/m.exec(targets)?.[1];
    return main ?? DEFAULT_MIRROR;
  } catch {
    return DEFAULT_MIRROR;
  }
}

function apt(program: string, args: readonly string[], cwd: string): string {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return execFileSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: 300_000,
  });
}

/** What a program that failed said on stderr, its first error line first; else the error's message. */
function reasonOf(error: unknown): string {
  const text =
    typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  const line = text.split('\n').find((candidate) => candidate.startsWith('E: '));
  return line ?? (error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
}

/** The guests' first process, compiled from init.c when that is newer; gives its path. */
export function buildInit(): string {
  const source = join(import.meta.dirname, 'init.c');
  const program = join(KERNELS_DIRECTORY, 'init');
  const stamp = `${program}.c`;
  const text = readFileSync(source);
  if (existsSync(program) && existsSync(stamp) && readFileSync(stamp).equals(text)) return program;
  mkdirSync(KERNELS_DIRECTORY, { recursive: true });
  execFileSync('cc', ['-static', '-Os', '-Wall', '-Wextra', '-Werror', '-o', program, source], {
    stdio: 'pipe',
  });
  writeFileSync(stamp, text);
  return program;
}
