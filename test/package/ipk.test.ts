/** The packages that `make feed` makes: their form, what is in them, and that they come out the same every time. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openArchive, readElf, unpackedSize, type Archive, type Elf } from './ipk.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILD_TIMEOUT = 300_000;
const MAKEFILE = readFileSync(join(ROOT, 'openwrt/Makefile'), 'utf8');
const VERSION = valueOf('PKG_VERSION');
const RELEASE = valueOf('PKG_RELEASE');
const PROGRAMS = ['lan.bpf.o', 'local.bpf.o', 'wan.bpf.o'];

interface Target {
  readonly arch: string;
  readonly class: string;
  readonly machine: string;
  readonly flags: RegExp;
  readonly needed: readonly string[];
}

const TARGETS: readonly Target[] = [
  {
    arch: 'x86_64',
    class: 'ELF64',
    machine: 'Advanced Micro Devices X86-64',
    flags: /^0x0$/,
    needed: ['libc.so', 'libbpf.so.1'],
  },
  {
    arch: 'aarch64_cortex-a53',
    class: 'ELF64',
    machine: 'AArch64',
    flags: /^0x0$/,
    needed: ['libc.so', 'libbpf.so.1'],
  },
  {
    arch: 'arm_cortex-a7_neon-vfpv4',
    class: 'ELF32',
    machine: 'ARM',
    // EF_ARM_EABI_VER5 and EF_ARM_ABI_FLOAT_HARD, elf.h
    flags: /^0x5000400(,|$)/,
    needed: ['libc.so', 'libgcc_s.so.1', 'libbpf.so.1'],
  },
];

function valueOf(variable: string): string {
  const value = new RegExp(`^${variable}:=(.+)$`, 'm').exec(MAKEFILE)?.[1];
  assert.ok(value !== undefined, variable);
  return value;
}

/** The packages of architecture `all` (test/luci/package.test.ts). */
const PAGES = ['luci-app-domainroute', 'luci-i18n-domainroute-de', 'luci-i18n-domainroute-ru'];

const nameOf = (arch: string): string => `domainroute_${VERSION}-r${RELEASE}_${arch}.ipk`;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function make(args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  execFileSync('make', ['--no-print-directory', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
}

describe('packages for OpenWrt', () => {
  let work: string;
  let node: Elf;
  const open = (arch: string): Archive => openArchive(readFileSync(join(work, arch, nameOf(arch))));

  before(function () {
    this.timeout(BUILD_TIMEOUT);
    work = mkdtempSync(join(ROOT, 'dist/packages-'));
    make(['objects', 'feed', `FEED_DIR=${work}`]);
    node = readElf(process.execPath);
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  for (const target of TARGETS) {
    const { arch } = target;

    describe(arch, () => {
      let control: Archive;
      let data: Archive;
      let addon: Elf;
      before(() => {
        const ipk = open(arch);
        control = openArchive(ipk.read('./control.tar.gz'));
        data = openArchive(ipk.read('./data.tar.gz'));
        const file = join(work, `${arch}.node`);
        writeFileSync(file, data.read('./usr/lib/domainroute/libbpf.node'));
        addon = readElf(file);
      });

      it('is a gzipped tar of version, data and control, in this order', () => {
        const ipk = open(arch);
        assert.deepEqual(ipk.listing, [
          '-rw-r--r-- 0/0 ./debian-binary',
          '-rw-r--r-- 0/0 ./data.tar.gz',
          '-rw-r--r-- 0/0 ./control.tar.gz',
        ]);
        assert.equal(ipk.read('./debian-binary').toString(), '2.0\n');
      });

      it('says what it is and what it needs', () => {
        assert.equal(
          control.read('./control').toString(),
          `Package: domainroute
Version: ${VERSION}-r${RELEASE}
Depends: libc, node, libbpf, ip-full, nftables-json, kmod-nft-core, kmod-nft-fib, kmod-nf-conntrack-netlink
Source: feeds/domainroute/domainroute
SourceName: domainroute
License: GPL-2.0-only
Section: net
Maintainer: domainroute maintainers
Architecture: ${arch}
Installed-Size: ${unpackedSize(data)}
Description:  A name decides where a connection goes: eBPF programs learn from DNS answers as they pass,
 and mark connections before they are routed. Any resolver, IPv4 and IPv6, up to a million names.
`,
        );
      });

      it("has OpenWrt's own scripts, which enable and start the service, and its configuration", () => {
        assert.deepEqual(control.listing, [
          'drwxr-xr-x 0/0 ./',
          '-rw-r--r-- 0/0 ./conffiles',
          '-rw-r--r-- 0/0 ./control',
          '-rwxr-xr-x 0/0 ./postinst',
          '-rwxr-xr-x 0/0 ./prerm',
        ]);
        assert.equal(control.read('./conffiles').toString(), '/etc/config/domainroute\n');
        assert.equal(
          control.read('./postinst').toString(),
          `#!/bin/sh
[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s \${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
. \${IPKG_INSTROOT}/lib/functions.sh
default_postinst $0 $@
`,
        );
        assert.equal(
          control.read('./prerm').toString(),
          `#!/bin/sh
[ -s \${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
. \${IPKG_INSTROOT}/lib/functions.sh
default_prerm $0 $@
`,
        );
      });

      it('installs these files and no others; none lets a user other than root call ubus (U1)', () => {
        assert.deepEqual(data.listing, [
          'drwxr-xr-x 0/0 ./',
          'drwxr-xr-x 0/0 ./etc/',
          'drwxr-xr-x 0/0 ./etc/capabilities/',
          '-rw-r--r-- 0/0 ./etc/capabilities/domainroute.json',
          'drwxr-xr-x 0/0 ./etc/config/',
          '-rw------- 0/0 ./etc/config/domainroute',
          'drwxr-xr-x 0/0 ./etc/init.d/',
          '-rwxr-xr-x 0/0 ./etc/init.d/domainroute',
          'drwxr-xr-x 0/0 ./lib/',
          'drwxr-xr-x 0/0 ./lib/upgrade/',
          'drwxr-xr-x 0/0 ./lib/upgrade/keep.d/',
          '-rw-r--r-- 0/0 ./lib/upgrade/keep.d/domainroute',
          'drwxr-xr-x 0/0 ./usr/',
          'drwxr-xr-x 0/0 ./usr/bin/',
          'lrwxrwxrwx 0/0 ./usr/bin/domainroute -> ../lib/domainroute/domainroute.cjs',
          'drwxr-xr-x 0/0 ./usr/lib/',
          'drwxr-xr-x 0/0 ./usr/lib/domainroute/',
          'drwxr-xr-x 0/0 ./usr/lib/domainroute/bpf/',
          ...PROGRAMS.map((name) => `-rw-r--r-- 0/0 ./usr/lib/domainroute/bpf/${name}`),
          '-rwxr-xr-x 0/0 ./usr/lib/domainroute/domainroute.cjs',
          '-rw-r--r-- 0/0 ./usr/lib/domainroute/libbpf.node',
          'drwxr-xr-x 0/0 ./usr/share/',
          'drwxr-xr-x 0/0 ./usr/share/nftables.d/',
          'drwxr-xr-x 0/0 ./usr/share/nftables.d/ruleset-post/',
          '-rw-r--r-- 0/0 ./usr/share/nftables.d/ruleset-post/30-domainroute.nft',
          'drwxr-xr-x 0/0 ./usr/share/rpcd/',
          'drwxr-xr-x 0/0 ./usr/share/rpcd/acl.d/',
          '-rw-r--r-- 0/0 ./usr/share/rpcd/acl.d/domainroute.json',
        ]);
      });

      it('has an addon for this CPU, and for the libraries that OpenWrt has', () => {
        assert.equal(addon.class, target.class);
        assert.equal(addon.machine, target.machine);
        assert.match(addon.flags, target.flags);
        assert.deepEqual(addon.needed, target.needed);
      });

      it('has an addon whose symbols are all in these libraries or in node', () => {
        const sysroot = join(ROOT, 'dist/sysroot', arch, 'usr/lib');
        // by the names they were linked by
        const libraries = addon.needed.map((name) =>
          readElf(join(sysroot, name.replace(/\.so\..*$/, '.so'))),
        );
        const providers = [...libraries, node];
        const missing = addon.undefined.filter(
          (name) => !providers.some(({ defined }) => defined.has(name)),
        );
        assert.deepEqual(missing, []);
        const ofNode = addon.undefined.filter(
          (name) => !libraries.some(({ defined }) => defined.has(name)),
        );
        assert.ok(ofNode.includes('napi_create_function'));
        assert.deepEqual(
          ofNode.filter((name) => !/^(napi|uv)_/.test(name)),
          [],
        );
      });

      it('has the programs that the tests of the data path load', () => {
        for (const name of PROGRAMS) {
          const built = join(ROOT, 'dist/bpf', name);
          assert.ok(
            data.read(`./usr/lib/domainroute/bpf/${name}`).equals(readFileSync(built)),
            name,
          );
          const { machine, sections } = readElf(built);
          assert.match(machine, /BPF$/);
          assert.ok(sections.has('.BTF') && sections.has('.BTF.ext'), name);
        }
      });

      it('is in the index that opkg reads, with its size and digest', () => {
        const directory = join(work, arch);
        const ipk = readFileSync(join(directory, nameOf(arch)));
        const index = readFileSync(join(directory, 'Packages'), 'utf8');
        const added = `Filename: ${nameOf(arch)}\nSize: ${ipk.length}\nSHA256sum: ${sha256(ipk)}\n`;
        const text = control.read('./control').toString();
        const entries = index.split('\n\n');
        assert.equal(entries[0], text.replace(/^Description:/m, `${added}$&`).trimEnd());
        assert.equal(gunzipSync(readFileSync(join(directory, 'Packages.gz'))).toString(), index);
        // and beside it those of every architecture
        const files = [
          nameOf(arch),
          ...PAGES.map((name) => `${name}_${VERSION}-r${RELEASE}_all.ipk`),
        ];
        assert.deepEqual(readdirSync(directory).sort(), ['Packages', 'Packages.gz', ...files]);
        const listed = index
          .match(/^Filename: .*$/gm)
          ?.map((line) => line.slice('Filename: '.length));
        assert.deepEqual(listed, files);
      });
    });
  }

  it('prints its version without anything else being there', () => {
    const program = join(work, 'version.cjs');
    const data = openArchive(open('x86_64').read('./data.tar.gz'));
    writeFileSync(program, data.read('./usr/lib/domainroute/domainroute.cjs'));
    const output = execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' });
    assert.equal(output, `domainroute ${VERSION}\n`);
  });

  it('come out the same to the bit from another directory, time zone, language and umask', function () {
    this.timeout(BUILD_TIMEOUT);
    const arch = 'arm_cortex-a7_neon-vfpv4';
    const first = readFileSync(join(work, arch, nameOf(arch)));
    const again = join(work, 'again');
    const umask = process.umask(0o077);
    try {
      const surroundings = { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', HOME: '/nonexistent' };
      rmSync(join(ROOT, `dist/domainroute-${VERSION}.tar.gz`));
      make(['ipk', `ARCH=${arch}`, `IPK_DIR=${again}`], surroundings);
    } finally {
      process.umask(umask);
    }
    assert.equal(sha256(readFileSync(join(again, arch, nameOf(arch)))), sha256(first));
  });

  it('are not made for a CPU without FPU, a big-endian one, or none', () => {
    for (const args of [['ARCH=mips_24kc'], ['ARCH=arm_cortex-a9'], []]) {
      const { status, stderr } = spawnSync('make', ['ipk', ...args], {
        cwd: ROOT,
        encoding: 'utf8',
      });
      assert.notEqual(status, 0);
      assert.match(stderr, /Cannot (build a package|make a sysroot)/);
    }
  });
});
