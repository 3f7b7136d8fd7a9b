/** A ubusd and clients of it that end with their test. */
import { UbusClient, type UbusClientOptions } from '#ubus-ts';
import { until } from '../../lab/until.ts';
import { startUbusd, type Ubusd } from '../../ubusd/start.ts';

export interface World {
  readonly ubusd: Ubusd;
  /** Keeps connected; resolves when it is. */
  start(options?: UbusClientOptions): Promise<UbusClient>;
  connect(options?: UbusClientOptions): Promise<UbusClient>;
  /** Ends the client that was made as number `index` in this test. */
  close(index: number): void;
}

/** In the describe() that calls: one ubusd for all tests, clients closed after each. */
export function useUbusd(): World {
  let ubusd: Ubusd | undefined;
  const clients: UbusClient[] = [];
  before(async function () {
    this.timeout(30_000);
    ubusd = await startUbusd();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  after(async () => ubusd?.stop());
  const running = (): Ubusd => {
    if (ubusd === undefined) throw new Error('Cannot use ubusd: not started');
    return ubusd;
  };
  return {
    get ubusd() {
      return running();
    },
    start: async (options = {}) => {
      const client = UbusClient.start({ path: running().socket, reconnectDelay: 20, ...options });
      clients.push(client);
      await until('connected', () => client.connected);
      return client;
    },
    connect: async (options = {}) => {
      const client = await UbusClient.connect({ path: running().socket, ...options });
      clients.push(client);
      return client;
    },
    close: (index) => clients[index]?.close(),
  };
}

/** What `onError` was told, as one line each. */
export function errorLog(): { readonly lines: string[]; readonly onError: (error: Error) => void } {
  const lines: string[] = [];
  return { lines, onError: (error) => lines.push(error.message) };
}
