/**
 * Serves the pages as uhttpd does: files of luci-app/, and for the rest of LuCI the double, or the sources of the real
 * one (LUCI_SOURCE, a checkout of LuCI).
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, resolve } from 'node:path';
import { readCatalog } from '../../../luci-app/tools/po.ts';
import type { Router } from './router.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const APP = join(ROOT, 'luci-app/htdocs');
const DOUBLE = join(import.meta.dirname, '../double');

/** The checkout of LuCI to run with, or undefined for the double. */
export const LUCI_SOURCE = process.env['LUCI_SOURCE'];

const RESOURCES = '/luci-static/resources/';
const VIEWS = /^\/cgi-bin\/luci\/admin\/services\/domainroute\/(\w+)$/;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where a path of the site can lie, the first that is there. */
function candidates(path: string): string[] {
  if (LUCI_SOURCE === undefined)
    return [join(APP, path), join(DOUBLE, path.replace(RESOURCES, ''))];
  const theirs = ['modules/luci-base/htdocs', 'themes/luci-theme-bootstrap/htdocs'];
  return [APP, ...theirs.map((part) => `${LUCI_SOURCE}/${part}`)].map((root) => join(root, path));
}

function readFirst(path: string): Buffer | undefined {
  for (const file of candidates(normalize(path))) {
    try {
      return readFileSync(file);
    } catch {
      // not there
    }
  }
  return undefined;
}

export class Site {
  readonly #server: Server;
  /** Who answers; tests set a new one. */
  router: Router;
  /** Of the page: a directory of luci-app/po, or undefined for English. */
  language: string | undefined;
  isReadOnly = false;

  private constructor(router: Router) {
    this.router = router;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(router: Router): Promise<Site> {
    const site = new Site(router);
    await new Promise<void>((done) => site.#server.listen(0, '127.0.0.1', done));
    return site;
  }

  url(view: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/cgi-bin/luci/admin/services/domainroute/${view}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const view = VIEWS.exec(pathname)?.[1];
    if (view !== undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(this.#page(view));
    } else if (pathname.startsWith('/ubus') || pathname.endsWith('/admin/ubus')) {
      const answer = this.router.handle(JSON.parse(await readBody(request)));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    } else if (pathname.includes('/admin/uci/')) {
      this.router.applied++;
      response.end('{}');
    } else {
      const file = readFirst(pathname);
      if (file === undefined) response.writeHead(404);
      else response.setHeader('content-type', TYPES[extname(pathname)] ?? 'text/plain');
      response.end(file);
    }
  }

  /** As the theme's header and view.ut make it. */
  #page(view: string): string {
    const settings = {
      resource: '/luci-static/resources',
      media: '/luci-static/bootstrap',
      scriptname: '/cgi-bin/luci',
      ubuspath: '/ubus/',
      pollinterval: 5,
      sessionid: '0123456789abcdef0123456789abcdef',
      token: 'token',
      base_url: '/luci-static/resources',
      dispatchpath: ['admin', 'services', 'domainroute', view],
      requestpath: ['admin', 'services', 'domainroute', view],
      nodespec: { satisfied: true, readonly: this.isReadOnly },
      apply_rollback: 90,
      apply_holdoff: 4,
      apply_timeout: 5,
      apply_display: 1.5,
    };
    return `<!DOCTYPE html>
<html lang="${this.language ?? 'en'}">
<head>
<meta charset="utf-8">
<title>Domain Routing</title>
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<script>
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
document.documentElement.setAttribute('data-darkmode', dark);
window.TR = ${JSON.stringify(this.#translations())};
</script>
${HEAD}
</head>
<body data-page="admin-services-domainroute-${view}">
<header><a class="brand" href="/">router</a><div id="indicators"></div></header>
<main id="maincontent" class="container">
<div id="view"><div class="spinning">Loading view…</div></div>
</main>
<script src="/luci-static/resources/luci.js"></script>
<script>
L = new LuCI(${JSON.stringify(settings)});
L.require('ui').then((ui) => ui.instantiateView('domainroute/${view}'));
</script>
</body>
</html>`;
  }

  /** The real one looks texts up by their hash, the double by themselves. */
  #translations(): Record<string, string> {
    if (this.language === undefined) return {};
    const file = join(ROOT, `luci-app/po/${this.language}/domainroute.po`);
    return Object.fromEntries(readCatalog(readFileSync(file, 'utf8'), LUCI_SOURCE !== undefined));
  }
}

const HEAD =
  LUCI_SOURCE === undefined
    ? '<link rel="stylesheet" href="/luci-static/resources/theme.css">'
    : `<link rel="stylesheet" href="/luci-static/bootstrap/cascade.css">
<link rel="stylesheet" media="only screen and (max-device-width: 854px)" href="/luci-static/bootstrap/mobile.css">
<script src="/luci-static/resources/cbi.js"></script>`;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
