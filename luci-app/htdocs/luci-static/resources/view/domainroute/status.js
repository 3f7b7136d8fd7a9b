'use strict';
'require view';
'require dom';
'require uci';
'require ui';
'require domainroute.backend as backend';
'require domainroute.chart as chart';
'require domainroute.hosts as hosts';
'require domainroute.lookups as lookups';
'require domainroute.panels as panels';
'require domainroute.refresh as refresh';
'require domainroute.text as words';
'require domainroute.values as values';

/** Seconds between two looks. */
const INTERVAL = 5;

/** What rules in force route to, each once. */
function targets() {
  const rules = uci
    .sections('domainroute', 'rule')
    .filter(({ enabled }) => values.isOn(enabled, '1'));
  const named = rules.flatMap((rule) => L.toArray(rule.interface));
  return [...new Set(named)].sort();
}

/** A part of the page that can be folded away; what it shows is loaded when it is opened. */
function folded(title, content, onOpen) {
  const node = E('details', { class: 'cbi-section' }, [E('summary', {}, [title]), content]);
  node.addEventListener('toggle', () => node.open && void onOpen());
  return node;
}

return view.extend({
  load() {
    return Promise.all([backend.leases(), L.resolveDefault(uci.load('domainroute'), [])]);
  },

  render([leases]) {
    const known = hosts.of(leases);
    const parts = {};
    for (const name of ['notice', 'service', 'interfaces', 'fill', 'traffic', 'bgp', 'reasons'])
      parts[name] = E('div', { id: 'domainroute-%s'.format(name) });
    const plot = chart.make(words.bytes);
    const decisions = lookups.decisions(known);
    const facts = lookups.facts(known);
    const routes = lookups.routes();
    parts.routes = folded(_('Announced routes'), routes.node, () => routes.load());
    parts.announced = E('div', { hidden: '' }, [
      words.section(_('Announced routes (BGP)'), [parts.bgp]),
      parts.routes,
    ]);
    const details = E('div', {}, [
      words.section(_('Interfaces'), [parts.interfaces]),
      words.section(_('Memory'), [parts.fill]),
      words.section(_('Traffic by rule'), [plot.node, parts.traffic]),
      words.section(_('Newest decisions'), [decisions.node]),
      parts.announced,
      folded(_('Answers learnt'), facts.node, () => facts.load()),
      folded(_('What the programs did'), parts.reasons, () => Promise.resolve()),
    ]);

    parts.state = words.section(_('State'), [parts.service, this.reloadButton()]);
    refresh.every(INTERVAL, () => this.look(parts, details, plot, decisions));
    return E('div', {}, [
      words.stylesheet(),
      E('h2', {}, [_('Domain Routing')]),
      parts.notice,
      parts.state,
      details,
    ]);
  },

  /** One look at everything. Never rejects. */
  async look(parts, details, plot, decisions) {
    let status;
    try {
      status = await backend.ask('status');
    } catch (error) {
      parts.state.hidden = true;
      this.show(parts, details, error);
      return;
    }
    parts.state.hidden = false;
    const stopped = status.running ? null : { kind: 'stopped', message: this.problemOf(status) };
    this.show(parts, details, stopped);
    dom.content(parts.service, [panels.service(status)]);
    if (!status.running) return;
    const [networks] = await Promise.all([
      backend.interfaces(),
      this.count(parts, plot),
      this.announce(parts),
      decisions.refresh(),
    ]);
    dom.content(parts.interfaces, [panels.interfaces(status, networks, targets())]);
    dom.content(parts.fill, [panels.fill(status)]);
  },

  problemOf({ daemon }) {
    return daemon?.problem ?? _('The data path was not started.');
  },

  /** Shows what is wrong in the place of what it keeps from being known. */
  show(parts, details, problem) {
    details.hidden = problem !== null;
    if (problem === null) return dom.content(parts.notice, []);
    const shown = parts.notice.firstElementChild;
    // not again with each look: whoever listens to the page has heard it
    if (shown?.getAttribute('data-kind') === problem.kind) return shown;
    return dom.content(parts.notice, [words.notice(problem)]);
  },

  /** Never rejects. */
  async count(parts, plot) {
    try {
      const counters = await backend.ask('counters');
      const rates = plot.add(counters.rules, performance.now() / 1000);
      dom.content(parts.traffic, [panels.traffic(counters, rates, plot.lines())]);
      dom.content(parts.reasons, [panels.reasons(counters.reasons)]);
    } catch (error) {
      dom.content(parts.traffic, [words.notice(error)]);
    }
  },

  /** Only for those who have neighbours or dnstap sources. Never rejects. */
  async announce(parts) {
    try {
      const bgp = await backend.ask('bgp');
      parts.announced.hidden = !bgp.enabled && bgp.dnstap.length === 0;
      parts.routes.hidden = !bgp.enabled;
      dom.content(parts.bgp, [panels.bgp(bgp)]);
    } catch (error) {
      // a service older than this page has no such method
      if (error.kind === 'absent') parts.announced.hidden = true;
      dom.content(parts.bgp, [words.notice(error)]);
    }
  },

  reloadButton() {
    const reload = async () => {
      try {
        const { rules } = await backend.ask('reload');
        this.tell(
          _('Lists and rules were read again: %d rules are in force.').format(rules),
          'info',
        );
      } catch (error) {
        this.tell(error.message, 'warning');
      }
    };
    return E(
      'button',
      {
        class: 'btn cbi-button cbi-button-action',
        click: ui.createHandlerFn(this, reload),
        disabled: L.hasViewPermission() ? null : '',
      },
      [_('Read lists and rules again')],
    );
  },

  tell(message, kind) {
    ui.addNotification(null, E('p', {}, [message]), kind);
  },

  handleSave: null,
  handleSaveApply: null,
  handleReset: null,
});
