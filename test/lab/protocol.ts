/** What a lab and its agents say to each other over IPC: one request, one reply with the same id. */

export interface Requests {
  /** Writes the files below /proc/sys that exist, joins the cgroup and binds resolv.conf, as far as given. */
  prepare: {
    args: {
      readonly sysctl: Readonly<Record<string, string>>;
      readonly cgroup?: string;
      readonly resolvConf?: string;
    };
    value: null;
  };
  run: { args: RunRequest; value: RunResult };
  /** Serves the uplink's name: HTTP on 80, a talk over TCP and UDP on {@link ECHO_PORT}. */
  serve: { args: { readonly name: string }; value: null };
  resolve: { args: ResolveRequest; value: Answer };
  /** HTTP on 80 over TCP, or one datagram to {@link ECHO_PORT}: what the other side calls itself. */
  ask: { args: AskRequest; value: string };
  open: { args: AskRequest; value: number };
  say: {
    args: { readonly connection: number; readonly text: string; readonly timeoutMs: number };
    value: string;
  };
  close: { args: { readonly connection: number }; value: null };
}

export type Operation = keyof Requests;

export interface RunRequest {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 128 if it was ended by a signal, 127 if there is no such program. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ResolveRequest {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  readonly server: string;
  readonly protocol: 'udp' | 'tcp';
  readonly timeoutMs: number;
}

export interface Answer {
  readonly rcode: number;
  /** Of the records of the type asked for. */
  readonly addresses: readonly string[];
  /** Seconds; the smallest. */
  readonly ttlSeconds: number | undefined;
}

export interface AskRequest {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  /** Source address. */
  readonly local?: string;
  readonly timeoutMs: number;
}

export interface Request<O extends Operation = Operation> {
  readonly id: number;
  readonly operation: O;
  readonly args: Requests[O]['args'];
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

/** Talks line by line: says its name, then repeats each line behind its name. */
export const ECHO_PORT = 7000;
