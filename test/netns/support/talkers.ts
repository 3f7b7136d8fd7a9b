/**
 * Runs on a host: many TCP connections to the talk of the uplinks, a line each way 50 times a second on each, and a new
 * connection for each that breaks, as an application makes it. argv: addresses as JSON. A line on stdin asks for a
 * line of JSON, {@link Talk}s in the order of the addresses.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

import { ECHO_PORT } from '../../lab/protocol.ts';

export interface Talk {
  readonly address: string;
  /** Who answered, connection by connection. */
  readonly uplinks: readonly string[];
  /** Lines that came back. */
  readonly lines: number;
  /** What ended connections, or was wrong with an answer. */
  readonly failures: readonly string[];
}

const PAUSE_MS = 20;
const AGAIN_MS = 100;
const SILENCE_MS = 10_000;

function start(address: string): Talk {
  const talk = { address, uplinks: [] as string[], lines: 0, failures: [] as string[] };
  const open = (): void => {
    const socket = connect(ECHO_PORT, address);
    const lines = createInterface(socket);
    let uplink: string | undefined;
    let sent = '';
    const say = (): void => {
      sent = `line ${talk.lines}`;
      socket.write(`${sent}\n`);
    };
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('ETIMEDOUT')));
    // readline repeats the errors of its socket
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      if (uplink === undefined) {
        uplink = line;
        talk.uplinks.push(uplink);
        say();
        return;
      }
      if (line === `${uplink} ${sent}`) talk.lines++;
      else talk.failures.push(`${uplink}: ${line} for ${sent}`);
      setTimeout(say, PAUSE_MS);
    });
    let reason = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
    socket.on('close', () => {
      talk.failures.push(reason);
      setTimeout(open, AGAIN_MS);
    });
  };
  open();
  return talk;
}

const talks = (JSON.parse(process.argv[2] ?? '[]') as readonly string[]).map(start);
createInterface(process.stdin)
  .on('line', () => process.stdout.write(`${JSON.stringify(talks)}\n`))
  .on('close', () => process.exit(0));
