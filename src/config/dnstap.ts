/** `config dnstap` sections. */
import type { UciSection } from '#uci-parser';
import { formatAddress } from '../model/address.ts';
import type { AnswerType, DnstapListen, DnstapSource } from '../model/dnstap.ts';
import type { Diagnostic } from '../model/rule.ts';
import { reporterFor, type Reporter } from './diagnostic.ts';
import { DNSTAP } from './options.ts';
import { readSection, type SectionValues } from './section.ts';

/** `sun_path` of unix(7) is 108 bytes with the NUL. */
const SOCKET_PATH_MAX = 107;

export function readDnstap(
  sections: readonly UciSection[],
  diagnostics: Diagnostic[],
): readonly DnstapSource[] {
  const sources: DnstapSource[] = [];
  for (const section of sections) {
    if (section.type !== DNSTAP.type) continue;
    const report = reporterFor(section, diagnostics);
    const source = makeSource(section, report);
    if (source === undefined) continue;
    const other = sources.find((each) => each.enabled && isSamePlace(each.listen, source.listen));
    if (source.enabled && other !== undefined) {
      report.error(`listens where section '${other.section}' does`);
      continue;
    }
    sources.push(source);
  }
  return sources;
}

function makeSource(section: UciSection, report: Reporter): DnstapSource | undefined {
  const values = readSection(DNSTAP, section.options, report);
  // an invalid place is not missing as well
  if (report.failed()) return undefined;
  const listen = listenOf(values, report);
  if (listen === undefined) return undefined;
  const types: readonly AnswerType[] = values.message.map(
    (type) => type.toUpperCase() as Uppercase<typeof type>,
  );
  return {
    section: section.name,
    enabled: values.enabled,
    listen,
    messageTypes: types.length === 0 ? ['CLIENT_RESPONSE'] : types,
    client: values.client,
  };
}

function listenOf(
  { socket, listen, port, group }: SectionValues<typeof DNSTAP>,
  report: Reporter,
): DnstapListen | undefined {
  if (group !== undefined && socket === undefined) {
    report.warn("has no effect without option 'socket'", 'group', group);
  }
  if (socket !== undefined && listen === undefined) {
    if (Buffer.byteLength(socket) <= SOCKET_PATH_MAX) {
      return { unix: { path: socket, ...(group !== undefined && { group }) } };
    }
    report.error(`is longer than ${SOCKET_PATH_MAX} bytes`, 'socket', socket);
  } else if (listen !== undefined && socket === undefined) {
    return { tcp: { address: formatAddress(listen), port } };
  } else {
    report.error("needs either option 'socket' or option 'listen'");
  }
  return undefined;
}

function isSamePlace(a: DnstapListen, b: DnstapListen): boolean {
  if ('unix' in a) return 'unix' in b && a.unix.path === b.unix.path;
  return 'tcp' in b && a.tcp.address === b.tcp.address && a.tcp.port === b.tcp.port;
}
