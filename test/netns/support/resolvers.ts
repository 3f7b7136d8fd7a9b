/** Real resolvers beside the lab's own, which tell of their answers over dnstap. */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';

import type { Host } from '../../lab/host.ts';

/** Where a resolver is asked, and whom it asks. */
export interface ResolverOptions {
  /** For its files. */
  readonly directory: string;
  readonly address: string;
  readonly forwarder: string;
}

/** `tap`: lines of its section `dnstap` that say where to. */
export function startUnbound(
  host: Host,
  { directory, address, forwarder }: ResolverOptions,
  tap: string,
): ChildProcess {
  const file = `${directory}/unbound.conf`;
  writeFileSync(
    file,
    `
server:
  interface: ${address}
  do-ip6: no
  access-control: 0.0.0.0/0 allow
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
  dnstap-log-client-response-messages: yes
`,
  );
  return host.spawn([copy('unbound', directory), '-d', '-p', '-c', file], { stdio: 'ignore' });
}

/** By a unix socket: it knows nothing else. */
export function startBind(
  host: Host,
  { directory, address, forwarder }: ResolverOptions,
  socket: string,
): ChildProcess {
  const file = `${directory}/named.conf`;
  writeFileSync(
    file,
    `
options {
  directory "${directory}";
  listen-on { ${address}; };
  listen-on-v6 { none; };
  recursion yes;
  forward only;
  forwarders { ${forwarder}; };
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
  dnstap { client response; };
  dnstap-output unix "${socket}";
};
controls {};
`,
  );
  const argv = [copy('named', directory), '-g', '-n', '1', '-c', file];
  return host.spawn(argv, { stdio: 'ignore' });
}

/** AppArmor has profiles by path, which let resolvers use no directory but their own. */
function copy(program: string, directory: string): string {
  const path = `${directory}/${program}`;
  copyFileSync(`/usr/sbin/${program}`, path);
  return path;
}
