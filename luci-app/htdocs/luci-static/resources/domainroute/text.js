'use strict';
'require baseclass';

// Numbers and times in words, and small pieces of a page. Whatever comes from elsewhere goes into arrays of children:
// E() takes a string alone for markup.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** What to do, by the `kind` of backend.js. */
const ADVICE = {
  absent: () => [
    _('The service does not answer'),
    _(
      'Switch it on under Rules, then save and apply. If it is on already, the system log says why it does not run.',
    ),
  ],
  stopped: () => [
    _('No rules are in force'),
    _(
      'The service is off, or its start has failed: see the switch and the messages under Rules, and the system log.',
    ),
  ],
  denied: () => [
    _('You may not see this'),
    _("Your login needs the access group 'luci-app-domainroute': an administrator can grant it."),
  ],
  late: () => [
    _('The service is busy'),
    _('It did not answer in time. This page tries again by itself.'),
  ],
  unreadable: () => [
    _('The configuration cannot be read'),
    _(
      "The file /etc/config/domainroute is missing or damaged: install the package 'domainroute' again, or restore the file.",
    ),
  ],
  failed: () => [_('The service could not do that'), _('The message below says why.')],
};

return baseclass.extend({
  count(n) {
    return Number(n ?? 0).toLocaleString();
  },

  bytes(n) {
    let value = Number(n ?? 0);
    let unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    const digits = unit === 0 || value >= 100 ? 0 : 1;
    return '%s %s'.format(value.toFixed(digits), UNITS[unit]);
  },

  /** Two units are enough. */
  duration(seconds) {
    const s = Math.max(0, Math.floor(Number(seconds ?? 0)));
    if (s < 60) return _('%d s').format(s);
    if (s < 3600) return _('%d min %d s').format(Math.floor(s / 60), s % 60);
    if (s < 86400)
      return _('%d h %d min').format(Math.floor(s / 3600), Math.floor((s % 3600) / 60));
    return _('%d d %d h').format(Math.floor(s / 86400), Math.floor((s % 86400) / 3600));
  },

  orDash(value) {
    return value == null || value === '' ? '–' : String(value);
  },

  list(values) {
    return this.orDash(values.join(', '));
  },

  /** What went wrong and what to do about it, for the place where the answer would be. */
  notice({ kind, message }) {
    const [title, advice] = (ADVICE[kind] ?? ADVICE.failed)();
    return E('div', { class: 'alert-message warning', role: 'alert', 'data-kind': kind }, [
      E('h4', {}, [title]),
      E('p', {}, [advice]),
      E('p', {}, [
        E('a', { href: L.url('admin/services/domainroute/rules') }, [_('Rules')]),
        ' · ',
        E('a', { href: L.url('admin/status/logs') }, [_('System log')]),
      ]),
      E('p', { class: 'domainroute-detail' }, [String(message)]),
    ]);
  },

  hint(title, words) {
    return E('div', { class: 'alert-message notice', role: 'note' }, [
      E('h4', {}, [title]),
      E('p', {}, [words]),
    ]);
  },

  section(title, children) {
    return E('div', { class: 'cbi-section' }, [E('h3', {}, [title]), ...children]);
  },

  stylesheet() {
    return E('link', { rel: 'stylesheet', href: L.resource('domainroute/style.css') });
  },
});
