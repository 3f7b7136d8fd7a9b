/** Making #libbpf-ts ready. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '#libbpf-ts';
import { DomainrouteError, messageOf } from '../base/errors.ts';

/** `assets`: directory of `libbpf.node`. May be called again. Throws DomainrouteError 'platform'. */
export function openLibbpf(assets: string): void {
  const path = join(assets, 'libbpf.node');
  if (!existsSync(path)) {
    throw new DomainrouteError('platform', `Cannot load '${path}': not found (run make build)`);
  }
  try {
    loadAddon(path);
  } catch (error) {
    throw new DomainrouteError(
      'platform',
      `Cannot load '${path}': ${messageOf(error)} (install libbpf)`,
      { cause: error },
    );
  }
}
