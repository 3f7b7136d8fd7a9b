/** The methods of the ubus object `domainroute`: the operations of src/control, in the shapes of `--json`. */
import {
  encodedSize,
  UBUS_REPLY_LIMIT,
  ubusMethod,
  UbusError,
  UbusStatus,
  type UbusArguments,
  type UbusArgumentValues,
  type UbusMethod,
  type UbusTable,
} from '#ubus-ts';
import { DomainrouteError } from '../base/errors.ts';
import type { RouteQuery } from '../control/announce/announcing.ts';
import { counters } from '../control/counters.ts';
import { decisions } from '../control/decisions.ts';
import { explain } from '../control/explain.ts';
import { rdnsAsJson } from '../control/rdns.ts';
import { listRules } from '../control/rules.ts';
import type { Settings } from '../control/settings.ts';
import { status } from '../control/status.ts';
import type { Log } from './log.ts';

/** What is the daemon's own: what it does in a process of its own, and what only it knows. */
export interface Own {
  readonly reload: () => Promise<Diagnosed>;
  readonly check: () => Promise<Diagnosed>;
  readonly bgp: () => object;
  readonly routes: (query: RouteQuery) => readonly object[];
}

export interface Diagnosed {
  readonly diagnostics: readonly object[];
}

const FACT_QUERY = {
  name: 'string',
  address: 'string',
  client: 'string',
  limit: 'integer',
} as const;

const DECISION_QUERY = { ...FACT_QUERY, rule: 'string' } as const;

const ROUTE_QUERY = {
  name: 'string',
  address: 'string',
  rule: 'string',
  limit: 'integer',
} as const;

const SUBJECT = { name: 'string', address: 'string', client: 'string' } as const;

/** Every method by its name. */
export function domainrouteMethods(
  settings: Settings,
  { reload, check, bgp, routes }: Own,
  log: Log,
): Readonly<Record<string, UbusMethod>> {
  const query = <const A extends UbusArguments>(
    accepted: A,
    answer: (args: UbusArgumentValues<A>) => object | Promise<object>,
  ): UbusMethod =>
    ubusMethod({
      arguments: accepted,
      // every value comes from the shapes of --json, which are values of ubus, too
      call: async (args) => (await told(async () => answer(args), log)) as UbusTable,
    });
  return {
    status: query({}, () => status(settings)),
    rdns: query(FACT_QUERY, async (wanted) =>
      cut('facts', JSON.parse(await rdnsAsJson(settings, wanted)) as readonly object[]),
    ),
    decisions: query(DECISION_QUERY, (wanted) => cut('decisions', decisions(settings, wanted))),
    rules: query({}, () => cut('rules', listRules(settings))),
    explain: query(SUBJECT, (subject) => explain(settings, subjectOf(subject), subject.client)),
    counters: query({}, () => counters(settings)),
    bgp: query({}, bgp),
    routes: query(ROUTE_QUERY, (wanted) => cut('routes', routes(wanted))),
    check: query({}, async () => cutDiagnostics(await check())),
    reload: query({}, async () => cutDiagnostics(await reload())),
  };
}

function subjectOf({ name, address }: UbusArgumentValues<typeof SUBJECT>): string {
  const subject = name ?? address;
  if (subject !== undefined && (name === undefined || address === undefined)) return subject;
  throw new DomainrouteError('usage', "Cannot explain: needs either 'name' or 'address'");
}

/** Room for the member that says whether there is more, and for the names of both. */
const MARGIN = 256;

/** `rest`, and as many rows as the message still takes. */
function cut(name: string, rows: readonly object[], rest: object = {}): object {
  let room = UBUS_REPLY_LIMIT - MARGIN - encodedSize(rest as UbusTable);
  const end = rows.findIndex((row) => (room -= encodedSize(row as UbusTable)) < 0);
  return { ...rest, [name]: end === -1 ? rows : rows.slice(0, end), more: end !== -1 };
}

/** A file may have more wrong with it than an answer takes. */
function cutDiagnostics({ diagnostics, ...rest }: Diagnosed): object {
  return cut('diagnostics', diagnostics, rest);
}

/** ubus has numbers for errors and no words: those are in the answer, as `error`, and in the log. */
async function told<T>(task: () => Promise<T>, log: Log): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof DomainrouteError)) throw error;
    log.problem(error.message);
    const { code, message } = error;
    throw new UbusError(STATUS[code] ?? UbusStatus.UNKNOWN_ERROR, message, {
      cause: error,
      data: { error: message },
    });
  }
}

const STATUS: Readonly<Partial<Record<DomainrouteError['code'], number>>> = {
  usage: UbusStatus.INVALID_ARGUMENT,
  privilege: UbusStatus.PERMISSION_DENIED,
  'not-running': UbusStatus.NO_DATA,
};
