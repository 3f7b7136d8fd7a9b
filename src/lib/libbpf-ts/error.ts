import { constants } from 'node:os';

/** Numbers that <errno.h> lacks: the kernel's own and libbpf's (enum libbpf_errno). */
const OTHER_CODES: Readonly<Record<number, string>> = {
  79: 'ELIBACC',
  524: 'ENOTSUPP',
  4000: 'ELIBELF',
  4001: 'EFORMAT',
  4002: 'EKVERSION',
  4003: 'EENDIAN',
  4004: 'EINTERNAL',
  4005: 'ERELOC',
  4006: 'ELOAD',
  4007: 'EVERIFY',
  4008: 'EPROG2BIG',
  4009: 'EKVER',
  4010: 'EPROGTYPE',
  4011: 'EWRNGPID',
  4012: 'EINVSEQ',
  4013: 'ENLPARSE',
};

/** A failed call of bpf(2), of libbpf or of one of the other system calls here. */
export class BpfError extends Error {
  /** The name of `errno`, such as EINVAL; of libbpf's own numbers as the README lists them. */
  readonly code: string;
  /** Positive; 4000 and above are libbpf's (enum libbpf_errno). */
  readonly errno: number;
  /** What libbpf logged meanwhile, with the verifier's log when a program was refused; may be empty. */
  readonly log: string;

  /** `message` is "Cannot <action>: <code> (<reason>)"; what the log says goes before `reason`. */
  constructor(action: string, errno: number, reason: string, log = '') {
    const code = codeOf(errno);
    super(oneLine(`Cannot ${refusedProgram(log) ?? action}: ${code} (${cause(log) ?? reason})`));
    this.name = 'BpfError';
    this.code = code;
    this.errno = errno;
    this.log = log;
  }
}

function codeOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno);
  return found?.[0] ?? OTHER_CODES[errno] ?? `E${errno}`;
}

/** The action when libbpf says that one program did not load. */
function refusedProgram(log: string): string | undefined {
  const name = /prog '([^'\n]+)': (?:BPF program load failed|failed to load)/.exec(log)?.[1];
  return name === undefined ? undefined : `load program '${name}'`;
}

/** The verifier's last word, else the first line of libbpf. */
function cause(log: string): string | undefined {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const end = lines.findIndex((line) => line.includes('-- END PROG LOAD LOG --'));
  const verdict = lines
    .slice(0, Math.max(end, 0))
    .findLast((line) => !/^(processed|verification time|stack depth|libbpf:)/.test(line));
  return (verdict ?? lines[0])?.replace(/^libbpf: /, '');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
