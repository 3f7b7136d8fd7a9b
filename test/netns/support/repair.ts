/** Runs on the router: what the daemon does when the nft table is gone. argv: Settings as JSON. */
import { repairTable } from '../../../src/control/connections.ts';
import type { Settings } from '../../../src/control/settings.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
void repairTable(settings).then((wasGone) => process.stdout.write(String(wasGone)));
