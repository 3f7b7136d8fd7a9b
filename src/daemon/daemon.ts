/**
 * The process that procd runs. The data path works without it; with it, it follows the network, answers on ubus, and
 * forgets what has expired. When it ends the data path stays.
 */
import { existsSync, watch } from 'node:fs';
import { UbusClient } from '#ubus-ts';
import { messageOf } from '../base/errors.ts';
import type { InterfaceState } from '../control/follow.ts';
import { IN_FORCE } from '../control/in-force.ts';
import { dumpNetifd, type NetifdInterface } from '../control/netifd.ts';
import { claimPresence } from '../control/presence.ts';
import type { Settings } from '../control/settings.ts';
import { watchNetwork } from '../control/watch-network.ts';
import { DataPath } from './data-path.ts';
import { debounce } from './debounce.ts';
import { Feeds } from './feeds.ts';
import type { Log } from './log.ts';
import { domainrouteMethods } from './object.ts';

export interface DaemonOptions {
  readonly settings: Settings;
  /** argv of this program, without options. */
  readonly program: readonly string[];
  readonly log: Log;
}

const OBJECT = 'domainroute';
const NETIFD = 'network.interface';

/** One change of the network is many events. */
const BURST = { delayMs: 20, restMs: 200 };

const TICK_MS = 60_000;

/**
 * Runs until SIGTERM or SIGINT; SIGHUP reloads. Throws DomainrouteError 'busy' if there is another daemon. All else that
 * fails is in the log, and tried again.
 */
export async function runDaemon({ settings, program, log }: DaemonOptions): Promise<void> {
  // from the first moment, or it would end us; until there is a start to come, which reads all anew, it says nothing new
  let reload = (): void => undefined;
  process.on('SIGHUP', () => reload());
  const presence = await claimPresence(settings);

  const ubus = UbusClient.start({
    path: settings.ubus,
    onConnect: () => log.info('ubus is connected'),
    onDisconnect: (reason) => log.problem(reason.message),
    onError: (error) => log.problem(error.message),
  });
  // while netifd or ubusd restarts, or is busy, what it said last is the best there is
  let netifd: readonly NetifdInterface[] | undefined;
  const readNetifd = async (): Promise<typeof netifd> => {
    try {
      netifd = (await dumpNetifd(ubus)) ?? netifd;
    } catch (error) {
      if (netifd === undefined) throw error;
      log.problem(messageOf(error));
    }
    return netifd;
  };
  const dataPath = new DataPath({
    settings,
    program,
    log,
    readNetifd,
    canFollow: () => ubus.connected || netifd !== undefined || !existsSync(settings.ubus),
    onProblem: (problem) => presence.report(problem),
    onInterface: (state: InterfaceState) => object.notify('interface', { ...state }),
  });

  const feeds = new Feeds({
    settings,
    log,
    notify: (event) => object.notify(event.event, { ...event }),
  });
  const object = ubus.publish({
    path: OBJECT,
    methods: domainrouteMethods(
      settings,
      {
        reload: () => dataPath.reload(),
        check: () => dataPath.check(),
        bgp: () => feeds.bgp(),
        routes: (query) => feeds.routes(query),
      },
      log,
    ),
    onSubscribers: (active) => feeds.subscribed(active),
  });

  const follow = debounce(() => void dataPath.follow(), BURST);
  const repair = debounce(() => void dataPath.repair(), BURST);
  const refresh = debounce(() => void feeds.refresh(), BURST);
  // a command may have brought what is in force, or taken it away
  const watcher = watch(settings.run, (_, name) => {
    if (name === IN_FORCE) refresh.call();
  });
  const unwatch = watchNetwork((what) => (what === 'nftables' ? repair : follow).call());
  // after a silence it may be another network
  ubus.subscribe(NETIFD, () => follow.call(), { onSubscribed: () => follow.call() });
  ubus.listen(NETIFD, () => follow.call());
  const ticks = setInterval(() => {
    void dataPath.tick();
    void feeds.refresh();
  }, TICK_MS);

  // a failure is in the log already, and the next change of the network or tick tries again
  reload = () => void dataPath.reload().catch(() => undefined);
  dataPath.start().catch(() => {
    // then what was in force before is, if anything was, and nobody tells of that
    follow.call();
    refresh.call();
  });
  await new Promise<unknown>((end) => process.once('SIGTERM', end).once('SIGINT', end));

  log.info('ends; the data path stays');
  clearInterval(ticks);
  unwatch();
  watcher.close();
  for (const each of [follow, repair, refresh]) each.close();
  await dataPath.idle();
  await feeds.close();
  ubus.close();
  presence.close();
}
