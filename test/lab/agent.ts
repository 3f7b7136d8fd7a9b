/**
 * Runs inside a namespace of the lab and does there what the lab asks for: programs, DNS queries, connections,
 * servers. Bundled for node by `agent-bundle.ts`; ends with its lab.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { resolveOnce, timedOut } from './dns-client.ts';
import {
  ECHO_PORT,
  type AskRequest,
  type Operation,
  type Request,
  type Requests,
} from './protocol.ts';

type Handlers = {
  readonly [O in Operation]: (
    args: Requests[O]['args'],
  ) => Promise<Requests[O]['value']> | Requests[O]['value'];
};

const handlers: Handlers = {
  prepare({ sysctl, cgroup, resolvConf }) {
    for (const [name, value] of Object.entries(sysctl)) {
      // a kernel without br_netfilter has no net/bridge
      if (existsSync(`/proc/sys/${name}`)) writeFileSync(`/proc/sys/${name}`, value);
    }
    if (cgroup !== undefined) writeFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
    if (resolvConf !== undefined) {
      const mount = spawnSync('mount', ['--bind', resolvConf, '/etc/resolv.conf'], {
        encoding: 'utf8',
      });
      if (mount.status !== 0) throw new Error(`Cannot bind resolv.conf: ${mount.stderr}`);
    }
    return null;
  },
  run: ({ argv: [program = '', ...rest], stdin = '', timeoutMs = 30_000 }) =>
    new Promise((resolve) => {
      const options = { timeout: timeoutMs, maxBuffer: 2 ** 28 };
      const child = execFile(program, rest, options, (error, stdout, stderr) => {
        // null: it was ended by a signal
        const code = error === null ? 0 : (error.code ?? null);
        if (typeof code === 'number') resolve({ status: code, stdout, stderr });
        else {
          const why = code ?? error?.signal ?? 'killed';
          resolve({ status: code === null ? 128 : 127, stdout, stderr: `${stderr}${why}\n` });
        }
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(stdin);
    }),
  serve: async ({ name }) => {
    const web = createHttpServer((_, response) => response.end(`${name}\n`));
    const talk = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(`${name}\n`);
      const lines = createInterface(socket);
      // it repeats the errors of its socket
      lines.on('error', () => undefined);
      lines.on('line', (line) => socket.write(`${name} ${line}\n`));
    });
    const datagrams = (['udp4', 'udp6'] as const).map((type) => {
      const socket = createSocket({ type, ipv6Only: type === 'udp6' });
      socket.on('message', (message, { port, address }) =>
        socket.send(`${name} ${String(message)}`, port, address),
      );
      return new Promise<void>((resolve) => socket.bind(ECHO_PORT, resolve));
    });
    const servers = [
      new Promise<void>((resolve) => web.listen(80, '::', resolve)),
      new Promise<void>((resolve) => talk.listen(ECHO_PORT, '::', resolve)),
    ];
    await Promise.all([...servers, ...datagrams]);
    return null;
  },
  resolve: resolveOnce,
  ask: (request) => (request.protocol === 'udp' ? askUdp(request) : askHttp(request)),
  open: async (request) => {
    const socket = await connected(request, ECHO_PORT);
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    await within(request.timeoutMs, lines.next());
    connections.set(++lastConnection, { socket, lines });
    return lastConnection;
  },
  say: async ({ connection, text, timeoutMs }) => {
    const open = connections.get(connection);
    if (open === undefined) throw new Error(`no connection ${connection}`);
    open.socket.write(`${text}\n`);
    const line = await within(timeoutMs, open.lines.next());
    if (line.done === true) throw Object.assign(new Error('closed'), { code: 'ECONNRESET' });
    return line.value;
  },
  close({ connection }) {
    connections.get(connection)?.socket.destroy();
    connections.delete(connection);
    return null;
  },
};

interface Connection {
  readonly socket: Socket;
  readonly lines: AsyncIterator<string>;
}

const connections = new Map<number, Connection>();
let lastConnection = 0;

function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut('the other side')), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function connected({ address, local, timeoutMs }: AskRequest, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      ...(local !== undefined && { localAddress: local }),
    });
    const timer = setTimeout(() => socket.destroy(timedOut(address)), timeoutMs);
    // errors after this promise is settled end the connection and are seen by who reads it
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.on('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

async function askHttp(request: AskRequest): Promise<string> {
  const socket = await connected(request, 80);
  socket.setTimeout(request.timeoutMs, () => socket.destroy(timedOut(request.address)));
  socket.end('GET / HTTP/1.0\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text.slice(text.indexOf('\r\n\r\n') + 4).trim();
}

function askUdp({ address, local, timeoutMs }: AskRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(timedOut(address))), timeoutMs);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (message) => end(() => resolve(String(message).split(' ')[0] ?? '')));
    socket.bind({ ...(local !== undefined && { address: local }) }, () => {
      // node hands over the error of connect(2), which @types/node does not say
      socket.connect(ECHO_PORT, address, (error?: Error) => {
        if (error === undefined) socket.send('which');
        else end(() => reject(error));
      });
    });
  });
}

process.on('message', (request: Request) => {
  const handle = handlers[request.operation] as (args: unknown) => unknown;
  Promise.resolve()
    .then(() => handle(request.args))
    .then(
      (value) => process.send?.({ id: request.id, value }),
      (error: unknown) => {
        const { code = 'EUNKNOWN', message } = error as Error & { code?: string };
        process.send?.({ id: request.id, error: { code, message } });
      },
    );
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C goes to the whole process group: the lab ends its agents itself
process.on('SIGINT', () => undefined);
