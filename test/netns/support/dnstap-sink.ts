/**
 * Takes dnstap and writes a line of JSON for each thing that happens. Arguments: path of the unix socket, address and
 * port of the TCP socket.
 */
import { createDnstapServer } from '../../../src/dnstap/server.ts';
import { learnFrom } from '../../../src/dns/learn.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';

export type SinkLine =
  | { readonly kind: 'listening' }
  | { readonly kind: 'problem'; readonly code: string }
  | {
      readonly kind: 'answer';
      readonly from: string;
      readonly identity: string;
      readonly protocol: string;
      readonly client: string;
      /** Seconds between the answer and its arrival here. */
      readonly age: number;
      readonly name: string;
      readonly links: readonly string[];
      readonly addresses: readonly string[];
    };

function write(line: SinkLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [path = '', address = '', port = ''] = process.argv.slice(2);
void createDnstapServer({
  listen: { unix: { path, group: '0' }, tcp: { address, port: Number(port) } },
  onMessage: ({ identity, socketProtocol, queryAddress, responseTimeMs, message }, { peer }) => {
    const lesson = learnFrom(message, () => false);
    if (typeof lesson === 'string' || queryAddress === undefined) return;
    write({
      kind: 'answer',
      from: peer.replace(/ port .*/, ''),
      identity: Buffer.from(identity ?? []).toString(),
      protocol: socketProtocol ?? 'unknown',
      client: formatAddress(queryAddress),
      age: (Date.now() - (responseTimeMs ?? 0)) / 1000,
      name: formatDomainName(lesson.question.qname),
      links: lesson.links.map(({ target }) => formatDomainName(target)),
      addresses: lesson.addresses.map((learnt) => formatAddress(learnt.address)),
    });
  },
  onProblem: ({ code }) => write({ kind: 'problem', code }),
}).then(() => write({ kind: 'listening' }));
