/** A namespace of the lab with an agent inside. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

import type {
  Answer,
  AskRequest,
  Operation,
  Reply,
  Requests,
  ResolveRequest,
  RunResult,
} from './protocol.ts';

/** Long enough for two cores that do other things as well. */
const TIMEOUT_MS = 3_000;

export interface Connection {
  /** What comes back for a line: the uplink's name, a blank, the line. Rejects with the socket's code. */
  say(text: string, timeoutMs?: number): Promise<string>;
  close(): Promise<void>;
}

export class Host {
  readonly name: string;
  /** Name of the network namespace. */
  readonly netns: string;
  readonly #resolver: string;
  readonly #agent: ChildProcess;
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  /** `resolver` is whom {@link resolve} asks. The agent has a mount namespace of its own. */
  constructor(name: string, netns: string, resolver: string, agentFile: string) {
    this.name = name;
    this.netns = netns;
    this.#resolver = resolver;
    const argv = [`--net=/run/netns/${netns}`, 'unshare', '--mount', process.execPath, agentFile];
    this.#agent = spawn('nsenter', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#agent.on('message', (reply: Reply) => {
      this.#pending.get(reply.id)?.(reply);
      this.#pending.delete(reply.id);
    });
    this.#agent.on('exit', () => {
      const error = { code: 'EPIPE', message: `the agent of ${name} has ended` };
      for (const [id, settle] of this.#pending) settle({ id, error });
      this.#pending.clear();
    });
    // a host that is not waited for keeps no process alive
    this.#agent.unref();
    this.#agent.channel?.unref();
  }

  /** Of the agent, whose namespaces those of {@link spawn}'s programs are. */
  get pid(): number {
    const { pid } = this.#agent;
    if (pid === undefined) throw new Error(`the agent of ${this.name} did not start`);
    return pid;
  }

  request<O extends Operation>(
    operation: O,
    args: Requests[O]['args'],
  ): Promise<Requests[O]['value']> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#agent.channel?.ref();
      this.#pending.set(id, (reply) => {
        if (this.#pending.size <= 1) this.#agent.channel?.unref();
        if ('value' in reply) resolve(reply.value as Requests[O]['value']);
        else reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
      });
      this.#agent.send({ id, operation, args }, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  /** Runs a program to its end, whatever its status. */
  run(argv: readonly string[], stdin?: string): Promise<RunResult> {
    return this.request('run', { argv, ...(stdin !== undefined && { stdin }) });
  }

  /** Runs a program and returns what it wrote; rejects with what it complained of. */
  async output(argv: readonly string[], stdin?: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(argv, stdin);
    if (status !== 0)
      throw new Error(`${this.name}: ${argv.join(' ')}: status ${status}: ${stderr.trim()}`);
    return stdout;
  }

  /** Starts a program that stays; the caller ends it. Its pid is the program's own. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const enter = ['--target', String(this.pid), '--net', '--mount', '--', ...argv];
    return spawn('nsenter', enter, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  }

  /** Asks the resolver of this host, past every cache but the resolver's own. */
  resolve(
    name: string,
    type: 'A' | 'AAAA' = 'A',
    options: Partial<ResolveRequest> = {},
  ): Promise<Answer> {
    const defaults = { server: this.#resolver, protocol: 'udp', timeoutMs: TIMEOUT_MS } as const;
    return this.request('resolve', { ...defaults, ...options, name, type });
  }

  /** What the server at this address calls itself; rejects with code EHOSTUNREACH, EACCES, ETIMEDOUT … */
  ask(address: string, options: Partial<AskRequest> = {}): Promise<string> {
    return this.request('ask', { protocol: 'tcp', timeoutMs: TIMEOUT_MS, ...options, address });
  }

  /** A TCP connection that stays open. */
  async open(address: string, options: Partial<AskRequest> = {}): Promise<Connection> {
    const request = { protocol: 'tcp', timeoutMs: TIMEOUT_MS, ...options, address } as const;
    const connection = await this.request('open', request);
    return {
      say: (text, timeoutMs = TIMEOUT_MS) => this.request('say', { connection, text, timeoutMs }),
      close: async () => {
        await this.request('close', { connection });
      },
    };
  }
}
