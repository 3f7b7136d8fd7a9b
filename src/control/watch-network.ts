/** When to look at the network again: the kernel's own news, however they came about. */
import { watchNetworkEvents, type NetworkChange } from '../datapath/index.ts';
import { PROTOCOL } from '../route/index.ts';

/**
 * Calls `onChange` for each change that can matter, many for one cause: 'network' is for {@link follow}, 'nftables' says
 * that something of our nft table is gone. What we do ourselves is told too as far as it removes anything, so that who
 * answers with changes comes to rest. Returns the function that ends it. openLibbpf comes first.
 */
export function watchNetwork(onChange: (what: NetworkChange) => void): () => void {
  return watchNetworkEvents({ protocol: PROTOCOL, table: 'domainroute' }, onChange);
}
