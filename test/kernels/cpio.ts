import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { posix } from 'node:path';

/** A file of the archive: bytes, or the path of the file on this machine that has them. */
export interface ArchiveFile {
  readonly content: Uint8Array | { readonly from: string };
  readonly executable: boolean;
}

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const TRAILER = 'TRAILER!!!';

/**
 * Write an uncompressed "newc" archive, as the kernel reads an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). `files` are by absolute path; the
 * directories above them are made, and so are `directories`.
 */
export function writeArchive(
  path: string,
  files: ReadonlyMap<string, ArchiveFile>,
  directories: readonly string[] = [],
): void {
  const archive = openSync(path, 'w', 0o600);
  try {
    let inode = 0;
    const add = (name: string, mode: number, content: Uint8Array): void => {
      writeSync(archive, header(name, ++inode, mode, content.length));
      writeSync(archive, content);
      writeSync(archive, padding(content.length));
    };
    for (const directory of withParents([
      ...directories,
      ...[...files.keys()].map((file) => posix.dirname(file)),
    ])) {
      add(directory.slice(1), DIRECTORY, new Uint8Array());
    }
    for (const [name, { content, executable }] of files) {
      const bytes = content instanceof Uint8Array ? content : readFileSync(content.from);
      add(name.slice(1), executable ? PROGRAM : FILE, bytes);
    }
    add(TRAILER, 0, new Uint8Array());
  } finally {
    closeSync(archive);
  }
}

/** The directories and all above them but the root, each once and after its parent. */
function withParents(directories: readonly string[]): string[] {
  const all = new Set<string>();
  for (const directory of directories) {
    for (let path = directory; path !== '/'; path = posix.dirname(path)) all.add(path);
  }
  return [...all].sort((a, b) => a.length - b.length);
}

function header(name: string, inode: number, mode: number, size: number): Buffer {
  // ino mode nlink uid gid mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 1, 0, 0, 0, size, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes, padding(bytes.length)]);
}

/** What is missing to a multiple of four bytes. */
function padding(length: number): Buffer {
  return Buffer.alloc(-length & 3);
}
