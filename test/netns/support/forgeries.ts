/** What the forger says, by what is wrong with the answer. */

/** Address of the true answer. */
export const TRUTH = '203.0.200.100';

/** Addresses of the forged answers. */
export const FORGED = {
  id: '203.0.200.1',
  destinationPort: '203.0.200.2',
  sourcePort: '203.0.200.3',
  sourceAddress: '203.0.200.4',
  name: '203.0.200.5',
  type: '203.0.200.6',
  /** Right in all, but the query has its answer. */
  second: '203.0.200.7',
} as const;

/** Another host than was asked. */
export const FORGERY_SOURCE = '203.0.200.53';

/** Names below it are asked of the forger. */
export const FORGED_DOMAIN = 'forge.example.com';
