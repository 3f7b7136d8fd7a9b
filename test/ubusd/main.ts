/** The double as a process: node --import tsx test/ubusd/main.ts --socket PATH; ends with SIGTERM. */
import { parseArgs } from 'node:util';
import { UbusdDouble } from './daemon.ts';

const { socket } = parseArgs({ options: { socket: { type: 'string' } } }).values;
if (socket === undefined) throw new Error('Cannot start: needs --socket PATH');
await UbusdDouble.start(socket);
console.log(`listens on ${socket}`);
