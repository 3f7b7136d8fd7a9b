/** Real resolvers beside the lab's own, which tell of their answers over dnstap. */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';

import type { Host } from '../../lab/host.ts';

/** Where a resolver is asked, and whom it asks. */
export interface ResolverOptions {
  /** For its files, and no other resolver's of its kind; made if it is not there. */
  readonly directory: string;
  readonly address: string;
  /** Default: IPv4 alone. */
  readonly address6?: string;
  readonly forwarder: string;
  /** Told with each answer; default: none. */
  readonly identity?: string;
}

/** `tap`: lines of its section `dnstap` that say where to. */
export function startUnbound(
  host: Host,
  { directory, address, address6, forwarder, identity }: ResolverOptions,
  tap: string,
): ChildProcess {
  const program = copy('unbound', directory);
  const file = `${directory}/unbound.conf`;
  writeFileSync(
    file,
    `
server:
  interface: ${address}
  ${address6 === undefined ? 'do-ip6: no' : `interface: ${address6}`}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: "iterator"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: ${forwarder}
dnstap:
  dnstap-enable: yes
  ${tap}
  ${identity === undefined ? '' : `dnstap-send-identity: yes\n  dnstap-identity: "${identity}"`}
  dnstap-log-client-response-messages: yes
`,
  );
  return host.spawn([program, '-d', '-p', '-c', file], { stdio: 'ignore' });
}

/** By a unix socket: it knows nothing else. */
export function startBind(
  host: Host,
  { directory, address, address6, forwarder, identity }: ResolverOptions,
  socket: string,
): ChildProcess {
  const program = copy('named', directory);
  const file = `${directory}/named.conf`;
  writeFileSync(
    file,
    `
options {
  directory "${directory}";
  listen-on { ${address}; };
  listen-on-v6 { ${address6 ?? 'none'}; };
  allow-query { any; };
  allow-recursion { any; };
  recursion yes;
  forward only;
  forwarders { ${forwarder}; };
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
  dnstap { client response; };
  dnstap-output unix "${socket}";
  dnstap-identity ${identity === undefined ? 'none' : `"${identity}"`};
};
controls {};
`,
  );
  return host.spawn([program, '-g', '-n', '1', '-c', file], { stdio: 'ignore' });
}

/** AppArmor has profiles by path, which let resolvers use no directory but their own. */
function copy(program: string, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = `${directory}/${program}`;
  copyFileSync(`/usr/sbin/${program}`, path);
  return path;
}
